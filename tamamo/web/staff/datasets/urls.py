"""Addresses of the desk's pages of datasets."""

from django.urls import path

from tamamo.web.staff.datasets import (
    acting,
    columns,
    comparing,
    describing,
    files,
    listing,
    one,
    uploading,
    versions,
)

_ALL = "staff/<slug:town>/datasets"
_ONE = f"{_ALL}/d/<slug:dataset>"
_VERSION = f"{_ONE}/v/<int:version>"

urlpatterns = [
    path(f"{_ALL}/", listing.index, name="datasets"),
    path(f"{_ALL}/new/", uploading.new, name="dataset-new"),
    path(f"{_ONE}/", one.page, name="dataset"),
    path(f"{_ONE}/describe/", describing.page, name="dataset-describe"),
    path(f"{_ONE}/upload/", uploading.upload, name="dataset-upload"),
    path(f"{_ONE}/compare/", comparing.page, name="dataset-compare"),
    path(f"{_ONE}/unpublish/", acting.unpublish, name="dataset-unpublish"),
    path(f"{_VERSION}/", versions.page, name="dataset-version"),
    path(f"{_VERSION}/columns/", columns.page, name="dataset-columns"),
    path(f"{_VERSION}/preview/", versions.preview, name="dataset-preview"),
    path(f"{_VERSION}/approve/", acting.approve, name="dataset-approve"),
    path(f"{_VERSION}/roll-back/", acting.roll_back, name="dataset-roll-back"),
    path(f"{_VERSION}/progress.json", files.progress, name="dataset-progress"),
    path(f"{_VERSION}/rejects.xlsx", files.rejects, name="dataset-rejects"),
    path(f"{_VERSION}/original/", files.original, name="dataset-original"),
    path(f"{_VERSION}/<slug:step>/", acting.step, name="dataset-step"),
]
