"""The list of pages in the sidebar: each is opened with the question at hand."""

from __future__ import annotations

import streamlit as st

from core.spec import AnalysisSpec

PAGES = (
    ("app.py", "Cohort", ":material/group:"),
    ("pages/table_one.py", "Table 1", ":material/summarize:"),
    ("pages/lesions.py", "PET lesions", ":material/radiology:"),
    ("pages/progression.py", "Progression", ":material/trending_up:"),
    ("pages/curves.py", "Curves", ":material/show_chart:"),
    ("pages/cutoff.py", "Cutoff", ":material/content_cut:"),
    ("pages/cox.py", "Cox model", ":material/table_rows:"),
    ("pages/subgroups.py", "Subgroups", ":material/account_tree:"),
    ("pages/competing.py", "Competing risks", ":material/alt_route:"),
    ("pages/response.py", "Response", ":material/percent:"),
    ("pages/share.py", "Share", ":material/share:"),
    ("pages/study.py", "Model studies", ":material/menu_book:"),
    ("pages/comparison.py", "Printed tables", ":material/fact_check:"),
)


def draw(spec: AnalysisSpec) -> None:
    """Name the product and link its pages."""
    with st.sidebar:
        st.html('<p class="brand">Stratiscope<small>Survival by cutoff and stratifier</small></p>')
        for script, label, icon in PAGES:
            st.page_link(script, label=label, icon=icon, query_params=spec.to_dict())
