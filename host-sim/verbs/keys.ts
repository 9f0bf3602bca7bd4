/**
 * `killswitch keys`: creates, lists, exports and revokes the keys of devices.
 */
import { type Command, Option } from "commander";
import { PRINCIPAL_KIDS } from "../abi.gen.ts";
import type { Kid } from "../controller/cose.ts";
import {
  DEFAULT_KEYS,
  initKeys,
  keyOf,
  listDevices,
  loadKeys,
  revokeKey,
  toJwk,
} from "../controller/keys.ts";
import { launcher } from "../paths.ts";
import { COMMANDERS, deviceOption, example, jsonOption, keysOption } from "./options.ts";
import { print, printJson, random } from "./terminal.ts";

interface KeysOptions {
  readonly keys: string;
  readonly device: string;
}

export function register(program: Command): void {
  const keys = program.command("keys").description("create, list, export and revoke keys");
  example(keys, "killswitch keys init --device demo");

  const init = keys
    .command("init")
    .description("create the keys of a device; existing keys are not overwritten")
    .addOption(deviceOption())
    .addOption(keysOption())
    .action((options: KeysOptions) => {
      initKeys(options.keys, options.device, random);
      print(`created the keys of device ${options.device} in ${options.keys}`);
    });
  example(init, "killswitch keys init --device demo");

  const list = keys
    .command("list")
    .description("list the devices and the principals that have a key; prints no key")
    .addOption(keysOption())
    .addOption(jsonOption())
    .action(listKeys);
  example(list, "killswitch keys list --json");

  const exported = keys
    .command("export")
    .description("print one key, which is secret, as a JSON Web Key")
    .addOption(principalOption(PRINCIPAL_KIDS))
    .addOption(deviceOption())
    .addOption(keysOption())
    .action((options: KeysOptions & { principal: Kid }) => {
      const { device, principal } = options;
      printJson(toJwk(principal, keyOf(loadKeys(options.keys, device), device, principal)));
    });
  example(exported, "killswitch keys export --principal provider > provider.jwk");

  const revoke = keys
    .command("revoke")
    .description(
      "delete a principal's key; a device started with this folder then ignores that principal",
    )
    .addOption(principalOption(COMMANDERS))
    .addOption(deviceOption())
    .addOption(keysOption())
    .action((options: KeysOptions & { principal: Kid }) => {
      revokeKey(options.keys, options.device, options.principal);
      print(`revoked the key of ${options.principal} for device ${options.device}`);
    });
  example(revoke, "killswitch keys revoke --principal manufacturer");
}

function principalOption(choices: readonly string[]): Option {
  return new Option("--principal <principal>", "principal that owns the key")
    .choices(choices)
    .makeOptionMandatory();
}

function listKeys(options: { keys: string; json: boolean }): void {
  const devices = listDevices(options.keys);
  if (devices.length === 0 && !options.json) {
    const other = options.keys === DEFAULT_KEYS ? "" : ` --keys ${options.keys}`;
    print(`no keys in ${options.keys}: create some with ${launcher()} keys init${other}`);
  }
  for (const device of devices) {
    const principals = [...loadKeys(options.keys, device).keys()];
    if (options.json) printJson({ device, keys: principals });
    else print(`${device}: ${principals.join(" ")}`);
  }
}
