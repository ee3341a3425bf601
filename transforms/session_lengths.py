"""The lengths of the staged sessions and users, from which a plan computes the requests.

It reads the stage alone, never the source, and returns lengths and how often each occurs: no id leaves
Spark.
"""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from transforms.staging import SEND


@dataclass(frozen=True, slots=True)
class SessionLength:
    """All sessions of one length, in events, that agree in having a user or none.

    `body_bytes`: of all their events' JSON; `envelope_bytes`: of one envelope for each session.
    """

    events: int
    anonymous: bool
    sessions: int
    body_bytes: int
    envelope_bytes: int


@dataclass(frozen=True, slots=True)
class UserLength:
    """All users with one number of events."""

    events: int
    users: int


@dataclass(frozen=True, slots=True)
class Unmatched:
    """Sessions of which no event has a user, and their events."""

    sessions: int = 0
    events: int = 0


def session_lengths(stage: DataFrame) -> tuple[SessionLength, ...]:
    """Count the sessions of the events to be sent, by length.

    `stage`: what `staging.write` saved. Few rows come back: E events have at most √(2E) different lengths, with
    and without a user.
    """
    sessions = (
        _to_send(stage)
        .groupBy("envelope")
        .agg(F.count(F.lit(1)).alias("events"), F.sum(F.octet_length("body")).alias("body_bytes"))
    )
    lengths = sessions.groupBy("events", _user().isNull().alias("anonymous")).agg(
        F.count(F.lit(1)).alias("sessions"),
        F.sum("body_bytes").alias("body_bytes"),
        F.sum(F.octet_length("envelope")).alias("envelope_bytes"),
    )
    return tuple(SessionLength(**row.asDict()) for row in lengths.collect())


def user_lengths(stage: DataFrame) -> tuple[UserLength, ...]:
    """Count the users of the events to be sent, by number of events. Anonymous events are left out."""
    users = _to_send(stage).groupBy(_user().alias("user")).agg(F.count(F.lit(1)).alias("events"))
    lengths = users.where(F.col("user").isNotNull()).groupBy("events")
    return tuple(
        UserLength(**row.asDict()) for row in lengths.agg(F.count(F.lit(1)).alias("users")).collect()
    )


def unmatched_sessions(stage: DataFrame) -> Unmatched:
    """Count the sessions of the events to be sent that have no user in any of them."""
    envelopes = _to_send(stage).groupBy("envelope").agg(F.count(F.lit(1)).alias("events"))
    session = F.get_json_object("envelope", "$.sessionId").alias("session")
    sessions = envelopes.groupBy(session).agg(
        F.max(_user().isNotNull()).alias("known"), F.sum("events").alias("events")
    )
    counted = sessions.where(~F.col("known")).agg(F.count(F.lit(1)), F.sum("events")).first()
    return Unmatched(counted[0], counted[1] or 0) if counted else Unmatched()


def _to_send(stage: DataFrame) -> DataFrame:
    return stage.where(F.col("outcome") == SEND)


def _user() -> Column:
    return F.get_json_object("envelope", "$.userId")
