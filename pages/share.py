"""The share page: a link, a saved view, a file, a report, the analysis as code."""

from pages.ui import frame, show, sidebar
from pages.ui.sharing import files, links, saved

page = frame.open_page("Share")
with page:
    sidebar.draw(page)
    show.heading("Share and take away")
    links.settings(page)
    links.data(page)
    saved.show(page)
    files.reports(page)
    files.code(page)
