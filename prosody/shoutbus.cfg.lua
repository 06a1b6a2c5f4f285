-- For your own Prosody: put these lines at the end of /etc/prosody/prosody.cfg.lua, with a secret of your own
-- (openssl rand -hex 24), and restart Prosody: a reload does not take up a new component.

Component "bus.example.org"
  component_secret = "CHANGE ME"

-- Only where you have no rooms yet. Where you have, see that "muc_mam" stands in their modules_enabled.
Component "rooms.example.org" "muc"
  modules_enabled = { "muc_mam" }
  -- Prosody 13 and newer: without it rooms that the bot makes end when the last occupant leaves. Where you have rooms
  -- already, put it there too.
  server_user_role = "prosody:registered"
  -- With "muc_moderation" there too (a community module; Debian has it in prosody-modules) what an operator deletes goes
  -- from rooms as well; without it people's clients are asked to hide it.
  -- Where making rooms is restricted, the bot has to be one of those who may:
  -- restrict_room_creation = true
  -- admins = { "bot@bus.example.org" }
