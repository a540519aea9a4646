"""Addresses of the console. What belongs to a tenant has it in the address (door.console)."""

from django.urls import path, re_path

from tamamo.web.console import (
    agreements,
    auditing,
    backup,
    database,
    devices,
    feeds,
    jobs,
    keys,
    notifications,
    overview,
    people,
    programs,
    proposals,
    roles,
    switching,
    system,
    tenants,
)

app_name = "console"

_FEED = "feeds/<path:tenant>/<str:feed>/"
_JOB = "jobs/<path:tenant>/<int:number>/"
_LETTER = "notifications/<path:tenant>/<int:number>/"
_KEY = "keys/devices/<path:tenant>/<str:device>/"

urlpatterns = [
    path("", overview.page, name="overview"),
    path("feeds/", feeds.listing, name="feeds"),
    path(f"{_FEED}switch/", switching.switch, name="feed-switch"),
    path(f"{_FEED}replay/", feeds.replay, name="feed-replay"),
    path(f"{_FEED}records/<int:number>/", feeds.record, name="feed-record"),
    path(f"{_FEED}rejects/<int:number>.csv", feeds.rejects, name="feed-rejects"),
    path(_FEED, feeds.page, name="feed"),
    path("devices/", devices.listing, name="devices"),
    path("notifications/", notifications.listing, name="notifications"),
    re_path(
        r"^notifications/(?P<tenant>.+)/(?P<number>\d{1,18})/(?P<verb>replay|drop)/$",
        notifications.act,
        name="letter-act",
    ),
    path(_LETTER, notifications.page, name="letter"),
    re_path(
        r"^notifications/(?P<tenant>.+)/all/(?P<verb>replay|drop)/$",
        notifications.act,
        name="letters-act",
    ),
    path("jobs/", jobs.listing, name="jobs"),
    path(f"{_JOB}retry/", jobs.retry, name="job-retry"),
    path(f"{_JOB}cancel/", jobs.cancel, name="job-cancel"),
    path(_JOB, jobs.page, name="job"),
    path("tenants/", tenants.listing, name="tenants"),
    path("tenants/new/", tenants.create, name="tenant-new"),
    path("tenants/<path:tenant>/change/", tenants.change, name="tenant-change"),
    path("tenants/<path:tenant>/suspend/", tenants.suspend, name="tenant-suspend"),
    path("tenants/<path:tenant>/resume/", tenants.resume, name="tenant-resume"),
    path("tenants/of/<path:tenant>/", tenants.page, name="tenant"),
    path("users/", people.listing, name="users"),
    path("users/new/", people.create, name="user-new"),
    path("users/<int:number>/", people.page, name="user"),
    path("users/<int:number>/on/", people.on, name="user-on"),
    path("users/<int:number>/off/", people.off, name="user-off"),
    path("users/<int:number>/invite/", people.invite, name="user-invite"),
    path("users/<int:number>/sessions/", people.sessions, name="user-sessions"),
    path("users/<int:number>/second-factor/", people.second_factor, name="user-second-factor"),
    path("roles/<str:subject>/new/", roles.give, name="role-new"),
    path("roles/<path:tenant>/<str:grant>/revoke/", roles.revoke, name="role-revoke"),
    path("keys/", programs.listing, name="keys"),
    path("keys/devices/new/", keys.create, name="device-key-new"),
    path(f"{_KEY}rotate/", keys.rotate, name="device-key-rotate"),
    path(f"{_KEY}revoke/", keys.revoke, name="device-key-revoke"),
    path(_KEY, keys.page, name="device-key"),
    path("keys/clients/new/", programs.create, name="client-new"),
    path("keys/clients/<str:client>/", programs.page, name="client"),
    path("keys/clients/<str:client>/rotate/", programs.rotate, name="client-rotate"),
    path("keys/clients/<str:client>/revoke/", programs.revoke, name="client-revoke"),
    path("agreements/", agreements.listing, name="agreements"),
    path("agreements/new/", proposals.create, name="agreement-new"),
    path("agreements/<uuid:number>/", agreements.page, name="agreement"),
    path("agreements/<uuid:number>/sign/<path:side>/", agreements.sign, name="agreement-sign"),
    path(
        "agreements/<uuid:number>/revoke/<path:side>/", agreements.revoke, name="agreement-revoke"
    ),
    path("audit/", auditing.listing, name="audit"),
    path("audit/verify/", auditing.verify, name="audit-verify"),
    re_path(r"^audit/log\.(?P<form>csv|jsonl)$", auditing.export, name="audit-export"),
    path("backup/", backup.page, name="backup"),
    path("backup/make/", backup.make, name="backup-make"),
    path("database/", database.page, name="database"),
    path("system/", system.page, name="system"),
]
