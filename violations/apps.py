from django.apps import AppConfig


class ViolationsConfig(AppConfig):
    name = "violations"
    label = "violations"
    verbose_name = "المخالفات"

    def ready(self) -> None:
        from municipality.review.registry import review as reviews
        from payments.registry import owes, pays_for
        from violations import catalogue, files, panels, review, story, tasks  # noqa: F401
        from violations.services import owing, settling

        catalogue.open_services()
        pays_for(settling.BILL, paid=settling.paid, voided=settling.voided)
        owes(settling.BILL, dues=owing.dues, bill_for=owing.bill_for)
        reviews(review.REVIEWED)
        files.open_slots()
        panels.show()
