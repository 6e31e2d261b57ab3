"""Models A, B and C of the mode of progression, at the progression that ends the first line.

Methods
-------
T: the targets progressed (by the sum of diameters). NT: a non-target lesion progressed. NL: a new
lesion appeared.

Model A, group 1: not T, but NL or NT; group 2: the others, T. Model B, group 1: neither T nor NT,
but NL; group 2: the others, T or NT. Model C, group 2 (Hom-PD): all target and all non-target
lesions progressed, with or without a new lesion; group 1 (Heter-PD): the others.

"All lesions progressed" is read lesion by lesion (the default): T, and every target lesion at least
20 % and 5 mm above its own nadir, and every non-target lesion called progressive; or by category:
T and NT as a whole. Where a patient has no lesion of a kind, "all" of that kind holds and "any"
does not: with new lesions only, she is Hom-PD. A lesion that has disappeared has not progressed,
and one that was not evaluated has not been shown to: both make Heter-PD. T belongs to the first
reading because single lesions may grow from nadirs at different times while their sum shrinks.

Patients without progression are out of scope.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.lesions.recist import progression
from core.lesions.recist.grammar import Expression, parse
from core.lesions.recist.response import NE, NONE, PD, Assessments
from core.lesions.recist.vocabulary import NON_TARGET, TARGET
from core.notes import Note, counted, info, warning

METHODS = (
    "The mode of progression was taken at the first progression: heterogeneous unless all target "
    "and non-target lesions progressed (model C); models A and B separate new lesions and "
    "non-target progression from progression of the targets."
)
GROUP_1, GROUP_2 = "group 1", "group 2"
HETER, HOM = "Heter-PD", "Hom-PD"
MODELS: dict[str, str] = {
    "pd_model_a": "not T and (NL or NT)",
    "pd_model_b": "not T and not NT and NL",
    "pd_model_c": "not (allT and allNT)",
}
"""Where these hold, a patient is in group 1."""


@dataclass(frozen=True, eq=False)
class Modes:
    """The mode of progression of each patient.

    Attributes
    ----------
    frame : pandas.DataFrame
        Indexed by patient, all of them: ``T NT NL`` (bool), ``allT allNT`` in the reading that was
        chosen, ``pd_model_a pd_model_b pd_model_c pd_mode`` (None without progression), and
        ``pd_mode_lesion pd_mode_category`` in the two readings.
    reading : str
        ``lesion`` or ``category``.
    n_progressed, n_out_of_scope : int
        Patients with and without progression.
    changed : tuple of str
        Patients whose mode differs between the two readings, for the screen.
    notes : tuple of Note
    """

    frame: pd.DataFrame
    reading: str
    n_progressed: int
    n_out_of_scope: int
    changed: tuple[str, ...]
    notes: tuple[Note, ...] = ()

    def group(self, model: str | Expression) -> pd.Series:
        """Groups by any model: ``group 1`` where it holds, None without progression.

        Raises
        ------
        SpecError
            If the text is no model, see `core.lesions.recist.grammar.parse`.
        """
        expression = parse(model) if isinstance(model, str) else model
        return _grouped(self.frame, expression, (GROUP_1, GROUP_2))


def modes(assessments: Assessments, *, lesion_pd: str = "lesion") -> Modes:
    """Find the mode of progression of each patient.

    Parameters
    ----------
    assessments : Assessments
    lesion_pd : {"lesion", "category"}

    Examples
    --------
    >>> from core.lesions.recist.response import assess
    >>> from core.lesions.recist.table import canonical, recognise
    >>> table = pd.DataFrame({"patient": list("aaaa"), "visit": [1.0, 1.0, 2.0, 2.0],
    ...                       "lesion": ["T1", "T2"] * 2, "size (mm)": [20.0, 20.0, 40.0, 20.0]})
    >>> found = modes(assess(canonical(table, recognise(table)))).frame
    >>> found[["pd_mode_lesion", "pd_mode_category"]].values.tolist()
    [['Heter-PD', 'Hom-PD']]
    """
    ends = progression.ends(assessments)
    frame = pd.DataFrame(index=ends.index)
    frame["progressed"] = ends["progressed"]
    frame["T"] = ends["target_response"] == PD
    frame["NT"] = ends["non_target_response"] == PD
    frame["NL"] = ends["new_lesions"] > 0
    readings = {
        "lesion": _by_lesion(assessments, ends, frame),
        "category": _by_category(ends, frame),
    }
    for reading, (all_t, all_nt) in readings.items():
        frame["allT"], frame["allNT"] = all_t, all_nt
        frame[f"pd_mode_{reading}"] = _grouped(frame, parse(MODELS["pd_model_c"]), (HETER, HOM))
    frame["allT"], frame["allNT"] = readings[lesion_pd]
    for name, model in MODELS.items():
        frame[name] = _grouped(frame, parse(model), (GROUP_1, GROUP_2))
    frame["pd_mode"] = frame[f"pd_mode_{lesion_pd}"]
    differ = (frame["pd_mode_lesion"] != frame["pd_mode_category"]) & frame["progressed"]
    changed = tuple(frame.index[differ])
    n = int(frame["progressed"].sum())
    notes = _notes(assessments, ends, frame, len(changed), lesion_pd)
    return Modes(frame, lesion_pd, n, len(frame) - n, changed, notes)


Pair = tuple[np.ndarray, np.ndarray]


def _by_lesion(assessments: Assessments, ends: pd.DataFrame, frame: pd.DataFrame) -> Pair:
    at = progression.lesions_at(assessments, ends["visit"])
    every = at.groupby(["patient", "kind"])["progressed"].all().unstack("kind")
    # No lesion of a kind: "all" holds.
    found = every.reindex(index=ends.index, columns=[TARGET, NON_TARGET])
    target, non_target = (
        np.where(found[kind].isna(), True, found[kind] == True)  # noqa: E712
        for kind in (TARGET, NON_TARGET)
    )
    no_target = (ends["target_response"] == NONE).to_numpy()
    return (
        np.asarray(target & (frame["T"].to_numpy() | no_target), dtype=bool),
        np.asarray(non_target, dtype=bool),
    )


def _by_category(ends: pd.DataFrame, frame: pd.DataFrame) -> Pair:
    no_target, no_other = (
        (ends[c] == NONE).to_numpy() for c in ("target_response", "non_target_response")
    )
    return frame["T"].to_numpy() | no_target, frame["NT"].to_numpy() | no_other


def _grouped(frame: pd.DataFrame, model: Expression, names: Sequence[str]) -> pd.Series:
    holds = model.holds({c: frame[c].to_numpy() for c in ("T", "NT", "NL", "allT", "allNT")})
    groups = np.where(holds, names[0], names[1]).astype(object)
    groups[~frame["progressed"].to_numpy()] = None
    return pd.Series(groups, index=frame.index, dtype=object)


def _notes(
    assessments: Assessments, ends: pd.DataFrame, frame: pd.DataFrame, changed: int, reading: str
) -> tuple[Note, ...]:
    notes: list[Note] = []
    out = int((~frame["progressed"]).sum())
    if out:
        text = (
            f"{counted(out, 'patient')} without progression have no mode of progression and are "
            "not in any of its groups."
        )
        notes.append(info("pd_mode", text))
    other = "by category" if reading == "lesion" else "lesion by lesion"
    if changed:
        text = (
            f"{counted(changed, 'patient')} would change between Heter-PD and Hom-PD if 'all "
            f"lesions progressed' were read {other}."
        )
        notes.append(warning("pd_mode", text))
    decided = _undecided(assessments, ends, frame)
    if decided and reading == "lesion":
        text = (
            f"{counted(decided, 'patient')} would be Hom-PD but for lesions that were not "
            "evaluated at the progression; as not shown to progress, these make Heter-PD."
        )
        notes.append(warning("pd_mode", text))
    unsure = frame["progressed"] & ~frame["T"] & (ends["target_response"] == NE)
    if unsure.any():
        text = (
            f"In {counted(int(unsure.sum()), 'patient')} the targets were not evaluable at the "
            "progression: they count as not progressed."
        )
        notes.append(warning("pd_model_a", text))
    return tuple(notes)


def _undecided(assessments: Assessments, ends: pd.DataFrame, frame: pd.DataFrame) -> int:
    at = progression.lesions_at(assessments, ends["visit"])
    doubt = (~at["known"]).groupby(at["patient"]).any().reindex(ends.index, fill_value=False)
    rest = (at["progressed"] | ~at["known"]).groupby(at["patient"]).all()
    whole = rest.reindex(ends.index, fill_value=True)
    no_target = ends["target_response"] == NONE
    found = frame["progressed"] & doubt & whole & (frame["T"] | no_target)
    return int(found.sum())
