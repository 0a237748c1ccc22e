"""The steps of the demo, in order."""

from municipality.demo.steps import licences, people, places, rules, shops

STEPS = (places, people, rules, shops, licences)
