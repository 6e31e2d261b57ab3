"""Which lesions count and which definitions hold: widgets that move like the cutoff slider."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import streamlit as st

from core.lesions.pet.definitions import ALTERNATIVES
from core.lesions.pet.eligible import Choice
from core.lesions.pet.lesions import Lesions
from core.view.html import markdown_text
from core.view.lesions import pet
from pages.ui import frame

SIDES = {"ge": "SUVmax ≥ this", "gt": "SUVmax > this"}
STEP = 0.1
"""Step of the threshold of SUVmax."""


def draw(lesions: Lesions, choice: Choice) -> None:
    """The filters in a row, the definitions folded away."""
    row = st.container(key="narrow_lesions").columns(
        [2.5, 1.7, 2.6, 1.6, 1.5], vertical_alignment="bottom"
    )
    with row[0]:
        _threshold(lesions, choice)
    with row[1]:
        _side(choice)
    with row[2]:
        _sites(lesions, choice)
    with row[3]:
        _volume(lesions, choice)
    with row[4]:
        _definitions(lesions, choice)


def _threshold(lesions: Lesions, choice: Choice) -> None:
    highest = max(10.0, float(np.nanquantile(lesions.suv_max, 0.95)), choice.suv_min)
    frame.seed("suv_min", float(choice.suv_min))
    st.slider(
        "Threshold of SUVmax",
        0.0,
        float(math.ceil(highest)),
        step=STEP,
        format="%g",
        key="suv_min",
        help="Lesions below it do not count; everything on all pages follows.",
        on_change=_set_threshold,
    )


def _set_threshold() -> None:
    value = round(float(st.session_state["suv_min"]), 6)
    frame.change(suv_min=None if value == Choice().suv_min else value)


def _side(choice: Choice) -> None:
    frame.seed("suv_side", choice.suv_side)
    st.selectbox(
        "Lesion that counts",
        list(SIDES),
        format_func=SIDES.__getitem__,
        key="suv_side",
        help="Whether a lesion whose SUVmax is the threshold itself counts.",
        on_change=_set_text,
        args=("suv_side", "suv_side"),
    )


def _sites(lesions: Lesions, choice: Choice) -> None:
    offered = pet.sites(lesions, choice)
    spelled = {site.casefold(): site for site in offered}
    now = list(dict.fromkeys(spelled.get(s.casefold(), s) for s in choice.sites_out))
    frame.seed("sites_out", now)
    st.multiselect(
        "Sites left out",
        offered,
        format_func=lambda site: markdown_text(pet.site_label(site, lesions)),
        key="sites_out",
        placeholder="None" if offered else "The table has no sites",
        disabled=not offered,
        help="Lesions in these sites do not count; 'Bone' is every site that is bone by its name.",
        on_change=lambda: frame.change(sites_out=tuple(st.session_state["sites_out"])),
    )


def _volume(lesions: Lesions, choice: Choice) -> None:
    frame.seed("volume_min", float(choice.volume_min))
    st.number_input(
        "Volume from, mL",
        min_value=0.0,
        step=0.5,
        format="%g",
        key="volume_min",
        disabled="mtv" not in lesions.has and choice.volume_min == 0,
        help="Smaller lesions do not count, nor do those whose volume is missing; 0 keeps all.",
        on_change=lambda: frame.change(volume_min=st.session_state["volume_min"] or None),
    )


def _definitions(lesions: Lesions, choice: Choice) -> None:
    drawer = frame.folded("Definitions", ":material/tune:", "pet_definitions", width="stretch")
    if not drawer.open:
        return
    with drawer:
        for field, label in pet.LABELS.items():
            key = f"choose_{field}"
            frame.seed(key, getattr(choice, field))
            st.selectbox(
                label,
                list(ALTERNATIVES[field]),
                format_func=partial(pet.defined, field),
                key=key,
                disabled=not pet.possible(field, lesions),
                help=pet.HELP[field],
                on_change=_set_text,
                args=(field, key),
            )


def _set_text(field: str, key: str) -> None:
    """Change a choice; the default is left unsaid, so that links stay short."""
    value = st.session_state[key]
    frame.change(**{field: None if value == getattr(Choice(), field) else value})
