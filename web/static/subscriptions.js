// Fills in the zone whose clocks a subscription goes by. Without this script it is UTC, as the form says.
"use strict";

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone) {
  for (const input of document.querySelectorAll("input[name=zone]")) input.value = zone;
  for (const shown of document.querySelectorAll("[data-zone]")) shown.textContent = zone;
}
