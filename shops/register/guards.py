"""Database triggers of the register."""

from municipality.kernel.guards import insert_only

insert_only("shops_registerchange")
insert_only("shops_shopevent")
insert_only("shops_tradename")
insert_only("shops_shopactivity")
