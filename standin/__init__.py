"""A local PutEvents endpoint that judges what it receives.

It is an independent judge: it shares no rule, limit or helper with the job, so a mistake there is not
repeated here. It is not Amazon Personalize: it trains nothing, keeps nothing after it ends and listens on
loopback only.
"""
