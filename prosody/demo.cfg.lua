-- The private Prosody of `shoutbus demo`, which writes its configuration from this file on each start.
-- Everything listens on loopback only.

$as_root
pidfile = "$data/prosody.pid"
data_path = "$data/data"
certificates = "$data/certs"
log = { info = "$data/prosody.log" }

interfaces = { "127.0.0.1" }
c2s_ports = { $c2s }
s2s_ports = {}
component_interfaces = { "127.0.0.1" }
component_ports = { $component_port }
http_ports = { $http }
https_ports = {}
http_interfaces = { "127.0.0.1" }

modules_enabled = {
  "blocklist", "bookmarks", "carbons", "csi_simple", "disco", "mam", "pep", "ping", "private", "roster",
  "saslauth", "smacks", "time", "tls", "uptime", "vcard4", "vcard_legacy", "version",
}
modules_disabled = { "s2s" }

authentication = "internal_hashed"
c2s_require_encryption = false
default_storage = "internal"
-- The "internal" storage keeps at most 10,000 archived messages, and is slow long before that.
storage = { archive = "sql", muc_log = "sql" }
sql = { driver = "SQLite3", database = "$data/archive.sqlite" }
archive_expires_after = "1y"

ssl = { key = "$data/certs/$domain.key", certificate = "$data/certs/$domain.crt" }

VirtualHost "$domain"
  disco_items = { { "$rooms", "Rooms" }, { "$component", "Shoutbus" }, { "$upload", "Files" } }

Component "$rooms" "muc"
  name = "Rooms"
  modules_enabled = { "muc_mam" }
  muc_log_by_default = true
  muc_log_expires_after = "1y"
  -- Prosody 13 lets the bot, who is no user of $domain, make no room that lasts, unless it counts as one.
  server_user_role = "prosody:registered"

Component "$upload" "http_file_share"
  http_host = "127.0.0.1"
  http_file_share_size_limit = 10 * 1024 * 1024

Component "$component"
  component_secret = "$secret"
