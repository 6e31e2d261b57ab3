"""The page of printed tables: printed beside computed, and the contradictions among them."""

from pages.ui import frame, printed, show

page = frame.open_page("Printed tables")
with page:
    show.heading("Printed tables")
    printed.page(page)
