"""What columns of each role are usually called (floor 2): whole names, and words within names."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Final
from unicodedata import combining, normalize

#: Names by role, the likelier first; compared in lower case with every other character as ``_``.
NAMES: Final[dict[str, tuple[str, ...]]] = {
    "label_time": (
        "label_time", "label_ts", "label_timestamp", "labelled_at", "labeled_at", "label_at", "outcome_time", "y_time",
    ),
    "timestamp": (
        "timestamp", "ts", "event_time", "event_timestamp", "prediction_time", "predicted_at", "served_at", "datetime",
        "created_at", "request_time", "event_ts", "time", "date", "ds", "dt",
    ),
    "id": (
        "id", "request_id", "prediction_id", "event_id", "transaction_id", "record_id", "row_id", "uuid", "case_id",
        "application_id", "order_id",
    ),
    "label": (
        "label", "y_true", "target", "ground_truth", "actual", "outcome", "true_label", "truth", "y", "observed",
    ),
    "prediction": (
        "prediction", "y_pred", "predicted", "pred", "predicted_label", "predicted_class", "model_prediction", "yhat",
        "y_hat", "forecast",
    ),
    "score": (
        "score", "probability", "proba", "prob", "y_score", "y_proba", "y_prob", "y_pred_proba", "y_pred_prob",
        "pred_proba", "predict_proba", "predicted_proba", "predicted_probability", "model_score", "risk_score",
        "prediction_score", "prediction_proba", "confidence", "p",
    ),
    "model_version": ("model_version", "version", "model", "model_id", "model_name", "deployment"),
    "latency_ms": (
        "latency_ms", "latency", "duration_ms", "response_time_ms", "response_ms", "elapsed_ms", "inference_ms",
        "infer_ms",
    ),
    "status": ("status", "status_code", "http_status", "response_status", "result_status"),
    "decision": ("decision", "final_decision", "action", "human_decision", "final_action", "decided"),
    "decider": ("decider", "reviewer", "judge", "annotator", "decided_by", "reviewed_by", "operator"),
    "cost": ("cost", "loss", "amount_lost", "error_cost", "damage"),
}  # fmt: skip

#: Words in a name that make a column a protected attribute, or another slice of interest.
GROUP_WORDS: Final = frozenset(
    {
        "sex",
        "gender",
        "race",
        "ethnicity",
        "religion",
        "nationality",
        "disability",
        "ageband",
        "agegroup",
        "agecat",
        "minority",
    }
)
#: Words for where something was served: a model may have been taught elsewhere.
PLACE_WORDS: Final = frozenset(
    {
        *("region", "site", "store", "country", "hospital", "clinic", "city", "state", "market", "branch", "county"),
        *("warehouse", "airport", "province", "district", "school", "ward", "origin", "plant", "factory"),
        *("facility", "location", "depot", "hub", "campus", "port", "terminal", "outlet", "office", "farm", "shop"),
        *(
            "planta",
            "usine",
            "werk",
            "linie",
            "ligne",
            "line",
            "node",
            "station",
            "substation",
            "ville",
            "ciudad",
            "stadt",
        ),
        *("filiale", "standort", "agence", "magasin", "sucursal", "tienda", "negozio", "loja"),
    }
)
#: Words for who said what the label is.
LABELLER_WORDS: Final = frozenset(
    {
        *(
            "annotator",
            "annotation",
            "annotated",
            "labeler",
            "labeller",
            "labeled",
            "labelled",
            "labeling",
            "labelling",
        ),
        *("rater", "rated", "coder", "tagger"),
    }
)
#: Words for who handed rows or labels in.
SOURCE_WORDS: Final = LABELLER_WORDS | frozenset(
    {
        "source",
        "vendor",
        "supplier",
        "provider",
        "partner",
        "feed",
        "reviewer",
        "batch",
        "tenant",
        "account",
        *("panel", "lab", "laboratory", "inspector", "grader", "assessor", "examiner", "scorer", "taster", "surveyor"),
    }
)
#: Of these, who has a world of his own: his labels may follow another rule and nobody turned them.
CUSTOMER_WORDS: Final = frozenset({"tenant", "account"})
SEGMENT_WORDS: Final = PLACE_WORDS | frozenset(
    {"channel", "platform", "device", "tenant", "segment", "industry", "department", "carrier"}
)
#: Words that give a column away where no column has a usual name; tried for a role that is still absent.
TELLING_WORDS: Final[dict[str, frozenset[str]]] = {
    "prediction": frozenset(
        {"prediction", "predicted", "pred", "forecast", "forecasted", "suggestion", "suggested", "recommendation"}
        | {"prognose", "vorhersage", "prevision", "previsione", "prediccion", "pronostico"}
        | {"predite", "predit", "predicho", "predicha", "previsto", "prevista", "estimated", "estimate"}
    ),
    "score": frozenset({"prob", "proba", "probability", "confidence", "likelihood", "propensity"})
    | {"wahrscheinlichkeit", "konfidenz", "probabilite", "confiance", "probabilidad", "confianza"},
    "decision": frozenset({"decision", "decided"}),
    "label": frozenset({"label", "actual", "actuals", "outcome", "truth"}),
}
#: Words that make an answer's name of that of what is answered: ``calls_forecast`` of ``calls``.
ANSWER_WORDS: Final = TELLING_WORDS["prediction"] | frozenset(
    {"score", "proba", "prob", "probability", "fc", "hat", "est", "estimate", "estimated", "expected", "model"}
    | {"risk", "confidence", "ai", "prevu", "prevue", "previsto", "prevista", "geschatzt"}
)
#: How the name of a probability begins: ``p_win`` that somebody won.
CHANCE_STARTS: Final = ("p_", "prob_")
CHANCE_ENDS: Final = ("_score", "_risk")
#: Words that make a name that of what truly came: ``sold_units`` beside ``forecast_units``.
CAME_WORDS: Final = TELLING_WORDS["label"] | frozenset(
    {
        "sold",
        "real",
        "realised",
        "realized",
        "true",
        "observed",
        "measured",
        "final",
        "delivered",
        "confirmed",
        "ist",
        *("reel", "reelle", "tatsachlich", "wirklich", "signed", "settled", "realized", "paid", "verified"),
    }
)
#: Words for what comes to be known of a case: whoever is told to have been charged back, or found ill.
OUTCOME_WORDS: Final = CAME_WORDS | frozenset(
    {
        *("chargeback", "churned", "defaulted", "default", "repaid", "readmitted", "returned", "complaint", "event"),
        *("result", "diagnosis", "histology", "biopsy", "pcr", "verdict", "cancelled", "claimed", "died", "death"),
        *("relapse", "converted", "clicked", "purchased", "bought", "hired", "rearrested", "inspection", "audit"),
        *("failed", "failure", "breakdown", "hospitalized", "admitted", "found", "occurred", "culture", "annotated"),
        *("ergebnis", "befund", "ausfall", "resultat", "panne", "resultado", "averia"),
    }
)
#: Words for who decides, or what it is that he does.
PERSON_WORDS: Final = frozenset(
    {
        *("call", "choice", "radiologist", "doctor", "physician", "nurse", "clinician", "crew", "operator", "officer"),
        *("underwriter", "human", "manual", "technician", "tecnico", "arzt", "team", "caseworker", "dispatcher"),
    }
)
#: Words for what is done by a score: who was flagged, approved.
DONE_WORDS: Final = frozenset(
    {"flag", "flagged", "alert", "alerted", "alarm", "blocked", "approved", "declined", "rejected"}
)
#: Words for what was so before, or was asked for: it is known when the answer is given.
BEFORE_WORDS: Final = frozenset(
    {"history", "ever", "past", "before", "earlier", "num", "avg", "mean", "rate", "days", "since"}
    | {"asked", "requested", "declared", "initial"}
)
#: Units in names, which two columns share without saying the same.
UNIT_WORDS: Final = frozenset(
    {
        "kwh",
        "mwh",
        "kw",
        "mw",
        "eur",
        "usd",
        "gbp",
        "chf",
        "kg",
        "min",
        "mins",
        "hours",
        "days",
        "pct",
        "units",
        "km",
        "ms",
    }
)
#: Words with which a name says something about a column of a role, and is none.
ABOUT_WORDS: Final = frozenset(
    {
        *("time", "at", "date", "id", "version", "by", "previous", "prev", "last", "prior", "lag", "source"),
        *("threshold", "error", "reason", "count", "interval", "lower", "upper", "std"),
    }
)
#: Words of a time that says when somebody came into the world, not when something was predicted.
BIRTH_WORDS: Final = frozenset({"birth", "birthday", "birthdate", "dob", "born"})
ID_NAME: Final = re.compile(r"(^|_)(id|ids|uuid|guid|key|hash|index|idx|row|rowid|row_number|unnamed_\d+)$")
_TELLING: Final = GROUP_WORDS | SEGMENT_WORDS | frozenset().union(*TELLING_WORDS.values())


def plain(name: str) -> str:
    """Give a name in lower case without accents, with everything but letters and digits as single ``_``."""
    bare = "".join(c for c in normalize("NFKD", name) if not combining(c))
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", bare)
    return re.sub(r"[^a-z0-9]+", "_", snake.lower()).strip("_")


def named_like_a_role(name: str) -> bool:
    """Tell whether a column's name could mean a role other than feature, so that its figures are wanted."""
    simple = plain(name)
    return (
        any(simple in names for names in NAMES.values())
        or bool(ID_NAME.search(simple))
        or bool(words_of(simple) & (_TELLING | ANSWER_WORDS))
        or simple.startswith(CHANCE_STARTS)
        or simple.endswith(CHANCE_ENDS)
    )


def words_of(simple: str) -> set[str]:
    """Give the words of a plain name, and each two neighbours as one."""
    parts = simple.split("_")
    return {*parts, *("".join(pair) for pair in pairwise(parts))}
