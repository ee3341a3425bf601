"""The rules that events must meet, the pass that finds the rows breaking them, and the verdict over all.

What `jobs` calls, in this order (nothing here reads the source, sends, or writes but to a local folder):

1. `service.service_suite(…)` and `suite.parse_suite(…)`: the two suites, checked before Spark starts;
2. `compiler.compile_suites(events, service, user)`: a `Rules` with Spark predicates;
3. `rules.check(events)` adds `_rejected` and the bits that tell why; `tallies.take_tallies(rules, staged)` counts them;
4. `judge.judge(rules, tallies, staged)`: a `Verdict`, from Great Expectations' own code over those counts;
5. `gate.too_many_rejected(…)` and `documents.write_validation(verdict, folder)`.

`errors` draws the error tree. Great Expectations is imported inside functions only: its import takes seconds.
"""
