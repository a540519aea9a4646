"""Addresses of this part, below those of the staff face."""

from django.urls import path

from tamamo.web.staff.facilities import deciding, listing, pictures

_HERE = "staff/<slug:town>/facilities/"

urlpatterns = [
    path(_HERE, listing.index, name="facilities"),
    path(f"{_HERE}corrections/<uuid:correction>/", deciding.decide, name="facility-correction"),
    path(f"{_HERE}photos/<uuid:photo>/", pictures.one, name="facility-photo"),
    path(f"{_HERE}photos/<uuid:photo>.jpg", pictures.file, name="facility-photo-file"),
    path(f"{_HERE}of/<str:key>/photos/", pictures.of_facility, name="facility-photos"),
]
