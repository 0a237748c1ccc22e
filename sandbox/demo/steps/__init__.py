"""The steps of the demo, in order."""

from sandbox.demo.steps import acting, licences, pages, past_cases, people, places, queue, record, rules, search, shops, violations

STEPS = (places, people, rules, shops, licences, past_cases, queue, acting, violations, pages, search, record)
