"""Simulators of the services the portal speaks to: own processes, own books, on loopback, for demo and tests only.

Nothing imports them and they import nothing of the project. Start each by its path, so that the rest of the
project stays unloaded (20 to 29 MiB a process, less than that shared; `python -m
sandbox.simulators knet` works too, with more memory):

    PORTAL_DEMO=1 python sandbox/simulators knet --port 8001 --book var/knet.sqlite3 --keys var/demo-keys.json
    PORTAL_DEMO=1 python sandbox/simulators mobile_id --port 8002 --book var/mobile-id.sqlite3 --people var/demo-people.json
    PORTAL_DEMO=1 python sandbox/simulators sms --port 8003 --book var/sms.sqlite3
    PORTAL_DEMO=1 python sandbox/simulators moci --port 8005 --book var/moci.sqlite3 --keys var/demo-keys.json
"""
