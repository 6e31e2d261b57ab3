"""Lesion sheets in a real browser: a workbook as a clinician types it, and what is made of it."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from openpyxl import Workbook

from tests.test_browser import (  # noqa: F401 - fixtures
    PATHS,
    Tab,
    chromium,
    confirm,
    eventually,
    go,
    new_tab,
    server,
)

pytestmark = pytest.mark.browser

PATHS |= {"pet": "/lesions", "progression": "/progression"}
PATIENTS = 12
SITES = ("liver", "bone", "lung", "LN axillary")
BARS = ".st-key-picture_waterfall .mark-rect.role-mark path"
CELLS = ".st-key-picture_lesions .mark-rect.role-mark path"
STRIP = "[data-testid=stVegaLiteChart] svg.marks"
SLIDER = ".st-key-suv_min input[type=range]"


def workbook() -> bytes:
    """Patients, PET lesions (the patient only in her first row) and visits, a sheet each."""
    book = Workbook()
    patients = book.active
    assert patients is not None
    patients.title = "Patients"
    patients.append(["Patient no", "Age", "First treatment", "PFS (months)", "Progression"])
    pet = book.create_sheet("PET")
    pet.append(["Pat.", "Lesion", "Location", "SUV max", "SUV mean", "MTV (ml)"])
    visits = book.create_sheet("Visits")
    visits.append(["Patient", "Visit", "Week", "Lesion", "Type", "Location", "Size (mm)", "State"])
    for i in range(1, PATIENTS + 1):
        who = f"SECRET{i:02d}"
        patients.append(
            [who, 40 + 3 * i, "AI" if i % 2 else "CDK4/6", 2.5 + 1.5 * i, int(i % 3 > 0)]
        )
        for k in range(1 + i % 4):
            hot = round(2.6 + 0.7 * i + 1.3 * k, 1)
            volume = 4.5 + i + k
            pet.append([None if k else who, k + 1, SITES[(i + k) % 4], hot, hot * 0.6, volume])
        for visit, week in enumerate((0, 8, 16)):
            size = round(20 * (1 + visit * (i - 6) / 12))
            visits.append([who, visit, week, "T1", "target", "liver", size, None])
            visits.append([who, visit, week, "N1", "non-target", "bone", None, "present"])
        if i % 4 == 0:
            visits.append([who, 2, 16, "X1", "new", "brain", None, "present"])
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def opened(tab: Tab) -> Tab:
    """Upload the workbook and accept what is proposed."""
    tab.open("cohort")
    chooser = tab.page.locator("[data-testid=stFileUploader] input[type=file]")
    chooser.set_input_files([{"name": "study.xlsx", "mimeType": "", "buffer": workbook()}])
    tab.page.get_by_role("button", name="Open this cohort").wait_for()
    tab.settle()
    confirm(tab)
    return tab


def test_the_threshold_moves_by_keyboard(new_tab: Callable[..., Tab]) -> None:  # noqa: F811
    tab = opened(new_tab())
    go(tab, "PET lesions")
    tab.page.wait_for_selector(STRIP)
    finding = tab.page.locator(".finding").first
    table = "table[aria-label='Markers that come from the lesions'] tbody tr"
    before = tab.page.locator(table).all_inner_texts()
    lesions = sum(1 + i % 4 for i in range(1, PATIENTS + 1))
    dots = tab.page.locator(f"{STRIP} .mark-symbol.role-mark path")
    eventually(dots.count, lesions + PATIENTS, tab)  # a diamond of each patient below them
    assert finding.inner_text().startswith(f"{lesions} of {lesions} lesions count, in 12 of 12")
    tab.page.locator(SLIDER).focus()
    for _ in range(15):  # from 2.5 to 4.0
        tab.page.keyboard.press("ArrowRight")
    hot = [2.6 + 0.7 * i + 1.3 * k for i in range(1, PATIENTS + 1) for k in range(1 + i % 4)]
    left = sum(round(x, 1) >= 4 for x in hot)
    assert left < lesions
    said = f"{left} of {lesions} lesions count"
    eventually(lambda: finding.inner_text()[: len(said)], said, tab)
    tab.settle()
    assert tab.question.suv_min == 4
    assert tab.page.locator(table).all_inner_texts() != before
    assert tab.page.evaluate("document.activeElement.type") == "range"
    tab.assert_clean()


def test_who_is_clicked_is_marked_everywhere(new_tab: Callable[..., Tab]) -> None:  # noqa: F811
    tab = opened(new_tab())
    go(tab, "Progression")
    tab.page.wait_for_selector(CELLS)
    tab.settle()
    assert tab.page.locator(BARS).count() == PATIENTS
    address = tab.page.url
    # The first bar is the largest growth: the last patient, in line 13 of the sheet.
    tab.page.locator(BARS).first.click()
    tab.page.get_by_text("Marked here and in the curves: patient 13").wait_for()
    tab.settle()
    pale = "e => [...e.querySelectorAll('.mark-rect.role-mark path')]" \
        ".filter(p => Number(getComputedStyle(p).opacity) < 0.5).length"  # fmt: skip
    bars = tab.page.locator(".st-key-picture_waterfall svg.marks")
    eventually(lambda: bars.evaluate(pale), PATIENTS - 1, tab)
    assert tab.page.url == address  # rows of patients never enter a link
    go(tab, "Curves")
    tab.page.get_by_text("1 patient marked on the Progression page").wait_for()
    tab.page.wait_for_selector("[data-testid=stVegaLiteChart] svg")
    go(tab, "PET lesions")
    tab.page.get_by_text("1 patient marked on the Progression page").wait_for()
    tab.page.get_by_role("button", name="Mark nobody").click()
    eventually(tab.page.get_by_text("marked on the Progression page").count, 0, tab)
    assert "SECRET" not in tab.page.content()
    tab.assert_clean()


def test_the_single_lesions_of_a_patient_and_her_treatment(
    new_tab: Callable[..., Tab],  # noqa: F811
) -> None:
    tab = opened(new_tab(viewport={"width": 800, "height": 900}, color_scheme="dark"))
    go(tab, "Progression")
    tab.page.wait_for_selector(CELLS)
    tab.settle()
    progressed = tab.page.locator(CELLS).count()
    assert progressed > 0
    tab.page.get_by_role("radio", name="Some patients, visit by visit").click()
    tab.page.locator(".st-key-heat_patient").wait_for()
    texts = ".st-key-picture_lesions .role-axis-label text"
    eventually(lambda: {"T1 liver", "N1 bone"} <= {*tab.page.locator(texts).all_text_contents()},
               True, tab)  # fmt: skip
    tab.page.locator(".st-key-swimmer_by").scroll_into_view_if_needed()
    tab.settle()
    tab.page.wait_for_timeout(300)  # a list closes when the page scrolls
    tab.choose("swimmer_by", "First treatment")
    legend = ".st-key-picture_swimmer .role-legend-label text"
    eventually(lambda: {"AI", "CDK4/6"} <= {*tab.page.locator(legend).all_text_contents()},
               True, tab)  # fmt: skip
    over = """() => [document.documentElement, document.querySelector('[data-testid=stMain]')]
      .map(e => e.scrollWidth - e.clientWidth)"""
    assert tab.page.evaluate(over) == [0, 0]
    tab.assert_clean()
