"""Who gets what at the pages of shops and what is asked of them."""

from __future__ import annotations

from tests.architecture.access_matrix import ASKS, ELSEWHERE, HIDDEN, HIDDEN_FORM, NO, READ, Row, everybody, own

BAD_FORM = "200 200 400 405 405 405"
CORRECT = "/{lang}/corrections/{s.page.shop.public_id}/"
REPLY_TO = "/{lang}/replies/{s.fines.objected.public_id}/"
WITHDRAW = "/{lang}/page-requests/{s.page.correction.public_id}/withdraw/"
HOURS = "/{lang}/my-shops/{s.page.shop.public_id}/hours/"
NO_HOURS = "/{lang}/my-shops/{s.owner.shop.public_id}/hours/"
PAGES: list[Row] = [
    own(HOURS, BAD_FORM, HIDDEN_FORM, delegate=HIDDEN_FORM, counter=NO, why="a delegate in another service states no hours"),
    own(f"{HOURS}ramadan/", BAD_FORM, HIDDEN_FORM, delegate=HIDDEN_FORM, counter=NO),
    own(f"{NO_HOURS}ramadan/", ELSEWHERE, HIDDEN_FORM, counter=NO, why="first those of the year"),
    everybody("/{lang}/shops/map/", READ),
    everybody("/{lang}/report/", BAD_FORM),
    everybody("/{lang}/report/near/", READ),
    everybody("/{lang}/report/sent/{s.reports.received.public_id}/", HIDDEN, why="opened by the secret of its link"),
    everybody("/{lang}/reports/{s.reports.closed.public_id}/me-too/", "405 405 409 405 405 405", why="a closed report counts nobody"),
    everybody("/{lang}/report/sent/{s.reports.received.public_id}/feedback/", HIDDEN_FORM, why="only with the secret of its link"),
    own(CORRECT, READ, READ, counter=NO),
    own("/{lang}/corrections/00000000000000000000000000/", HIDDEN, HIDDEN, counter=NO),
    own(f"{CORRECT}address/", BAD_FORM, BAD_FORM, counter=NO),
    own(f"{CORRECT}owner/", HIDDEN_FORM, HIDDEN_FORM, counter=NO, why="no fact that anybody corrects"),
    own(REPLY_TO, BAD_FORM, HIDDEN_FORM, delegate=HIDDEN_FORM, counter=NO, why="a delegate in another service does not reply"),
    own("/{lang}/replies/{s.fines.served.public_id}/", HIDDEN_FORM, HIDDEN_FORM, counter=NO, why="what is not public takes no reply"),
    own(WITHDRAW, HIDDEN_FORM, ASKS, counter=NO),
    own("/{lang}/page-requests/{s.owner.waiting.public_id}/withdraw/", HIDDEN_FORM, HIDDEN_FORM, counter=NO, why="another service"),
    own(
        "/{lang}/my-shops/{s.page.shop.public_id}/door/",
        READ,
        HIDDEN,
        delegate=READ,
        former_delegate="403 403 405 405 405 405",
        counter=READ,
    ),
    own("/{lang}/cases/{s.page.correction.public_id}/", HIDDEN, READ),
    own("/{lang}/cases/{s.page.reply.public_id}/", READ, HIDDEN),
]
