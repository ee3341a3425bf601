"""Talk to Amazon Personalize: requests, answers, signatures, connections."""
