"""The steps of the demo, in order."""

from municipality.demo.steps import acting, licences, past_cases, people, places, queue, record, rules, search, shops, violations

STEPS = (places, people, rules, shops, licences, past_cases, queue, acting, violations, search, record)
