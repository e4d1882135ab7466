"""Addresses of the public archive. Mails and other sites link to them: they never change."""

from django.urls import URLPattern, URLResolver, path

from newsletter import (
    feed_views,
    personal_views,
    preview_views,
    search_views,
    site_views,
    source_views,
    views,
)

app_name = "newsletter"

urlpatterns: list[URLPattern | URLResolver] = [
    path("archive/", views.archive, name="archive"),
    path("archive/search/", search_views.results, name="search"),
    path("archive/sources/", source_views.sources, name="sources"),
    path("archive/sources/<slug:slug>/", source_views.source, name="source"),
    path("archive/<int:year>/", views.year, name="year"),
    path("archive/<int:year>/<int:month>/", views.month, name="month"),
    path("archive/<slug:slug>/", views.issue, name="issue"),
    path("sitemap.xml", site_views.sitemap, name="sitemap"),
    path("sitemap-<int:number>.xml", site_views.sitemap_part, name="sitemap_part"),
    path("robots.txt", site_views.robots, name="robots"),
    path("feeds/<slug:kind>.<slug:ending>", feed_views.feed, name="feed"),
    path("feeds/sources/<slug:slug>.<slug:ending>", feed_views.source_feed, name="source_feed"),
    path("feed/<slug:token>.<slug:ending>", personal_views.own_feed, name="own_feed"),
    path("read/<str:token>", personal_views.read, name="read"),
    path("choices/<str:token>/data", personal_views.data, name="data"),
    path("preview/", preview_views.preview, name="preview"),
]
