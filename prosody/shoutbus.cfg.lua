-- For your own Prosody: add these lines to the end of /etc/prosody/prosody.cfg.lua, with a new secret
-- (openssl rand -hex 24). Then restart Prosody, as a reload does not start a new component.

Component "bus.example.org"
  component_secret = "CHANGE ME"

-- Only if you have no rooms yet. If you have, make sure that their modules_enabled contains "muc_mam".
Component "rooms.example.org" "muc"
  modules_enabled = { "muc_mam" }
  -- Prosody 13 and later: without this, rooms that the bot creates end when the last occupant leaves. If you have rooms
  -- already, add it there too.
  server_user_role = "prosody:registered"
  -- With "muc_moderation" (a community module, in Debian's package prosody-modules), messages that an operator deletes
  -- disappear from rooms as well. Without it, clients are asked to hide them.
  -- If making rooms is restricted, the bot must be allowed to make them:
  -- restrict_room_creation = true
  -- admins = { "bot@bus.example.org" }
