#!/usr/bin/env node
/* Checks the version of Node before any file that an older one cannot read is loaded. It is written for
 * every version: no syntax newer than ES5. */
"use strict";
var NEEDED = require("../../package.json").engines.node.replace(">=", "");
var EXIT_NO_TOOL = 9;

function isOlder(have, need) {
  var a = have.split(".");
  var b = need.split(".");
  var i;
  for (i = 0; i < b.length; i++) {
    if (Number(a[i]) !== Number(b[i])) return Number(a[i]) < Number(b[i]);
  }
  return false;
}

if (isOlder(process.versions.node, NEEDED)) {
  process.stderr.write(
    "killswitch: this is Node " +
      process.versions.node +
      ", and " +
      NEEDED +
      " or newer is needed: install it from your distribution or with a version manager\n",
  );
  process.exit(EXIT_NO_TOOL);
}
