"""The PET page: which lesions count, what they become per patient, and what depends on that."""

from pages.ui import frame, methods, show, sidebar
from pages.ui.lesions import pet

page = frame.open_page("PET lesions", shows="strip")
with page:
    sidebar.draw(page)
    show.heading("PET lesions")
    pet.show(page)
    methods.show(page)
