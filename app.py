"""The entry and first page: a first answer, who is in, another cohort or an own table."""

from pages.ui import cohort, frame, lock, show, upload
from pages.ui.sharing import bundles

page = frame.open_page("Cohort", shows="km")
with page:
    cohort.introduction(page)
    upload.read_chosen()
    draft = upload.draft()
    if bundles.waiting():
        bundles.show()
    elif draft is not None:
        upload.show(draft)
    elif page.locked:
        lock.panel(page)
        cohort.examples_to_open(page)
    else:
        show.first_answer(page)
        cohort.about(page)
        cohort.examples_to_open(page)
