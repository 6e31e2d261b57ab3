"""The cutoff page: every possible cutoff at once, and what searching for one does to p."""

from pages.ui import controls, frame, lock, methods, show, sidebar
from pages.ui.lab import sections

page = frame.open_page("Cutoff", permutations=show.PERMUTATIONS, bootstraps=1000)
with page:
    sidebar.draw(page)
    if page.locked:
        lock.choose(page)
    else:
        controls.marker(page)
        sections.draw(page)
        methods.show(page)
