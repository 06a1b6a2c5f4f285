-- For your own Prosody: put these lines at the end of /etc/prosody/prosody.cfg.lua, with a secret of your own
-- (openssl rand -hex 24), and reload. The second component is only needed where you have no rooms yet.

Component "bus.example.org"
  component_secret = "CHANGE ME"

Component "rooms.example.org" "muc"
  modules_enabled = { "muc_mam" }
