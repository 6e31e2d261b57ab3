"""The entry and first page: a first answer, who is in, another cohort or an own table."""

from pages.ui import cohort, frame, show, upload

page = frame.open_page("Cohort")
with page:
    cohort.introduction(page)
    upload.read_chosen()
    draft = upload.draft()
    if draft is not None:
        upload.show(draft)
    else:
        show.first_answer(page)
        cohort.about(page)
        cohort.examples_to_open(page)
