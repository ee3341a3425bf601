"""The rules that events must meet: a pass that finds the rows breaking them, and the verdict over all.

`jobs` calls, in this order:

1. `service.service_suite(…)` and `suite.parse_suite(…)`: the two suites, checked before Spark starts;
2. `compiler.compile_suites(events, service, user)`: a `Rules` with Spark predicates;
3. `rules.check(events)` adds `_rejected` and the bits of the reasons; `tallies` adds them up;
4. `judge.judge(rules, tallies, staged)`: a `Verdict`, from Great Expectations' own code over those counts;
5. `gate.too_many_rejected(…)` and `documents.write_validation(verdict, folder)`.

`errors` shows the error tree. Great Expectations is imported inside functions only: its import takes
seconds.
"""
