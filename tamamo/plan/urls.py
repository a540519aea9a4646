"""Addresses of the plan: the page, its data, one page a project."""

from django.urls import path

from tamamo.plan import reports, views, yearviews

app_name = "plan"
urlpatterns = [
    path("plan/", views.index, name="index"),
    path("plan.json", views.as_json, name="json"),
    path("plan.csv", views.as_csv, name="csv"),
    path("plan/values.csv", yearviews.values_csv, name="values-csv"),
    path("plan/<slug:project>/", views.project, name="project"),
    path("plan/report/<int:year>/", reports.page, name="report"),
    path("plan/report/<int:year>/report.<str:kind>", reports.as_file, name="report-file"),
    path("plan/<slug:project>/<slug:indicator>/", views.series, name="series"),
    path("plan/<slug:project>/<slug:indicator>/about/", yearviews.figure, name="figure"),
    path("plan/<slug:project>/<slug:indicator>/chart.svg", views.series_chart, name="chart"),
    path("plan/<slug:project>/<slug:indicator>/values.csv", views.series_csv, name="series-csv"),
    path("plan/<slug:project>/<slug:indicator>/values.json", views.series_json, name="series-json"),
]
