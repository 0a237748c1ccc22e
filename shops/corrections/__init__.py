"""Small corrections and exports of the register, up to 5,000 rows, by django-import-export; larger ones are sheets (shops.imports)."""
