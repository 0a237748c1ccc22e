"""The implementation of the commands in `script/`. Standard library only, except modules that say they run inside `.venv`."""
