/**
 * `killswitch keys`: creates, lists, exports and revokes the keys of devices.
 */
import { type Command, Option } from "commander";
import { PRINCIPAL_KIDS } from "../../abi/abi.gen.ts";
import type { Kid } from "../../abi/topics.ts";
import { launcher } from "../../base/paths.ts";
import { accessList } from "../../controller/access-list.ts";
import {
  DEFAULT_KEYS,
  initKeys,
  keyOf,
  listDevices,
  loadKeys,
  revokeKey,
  toJwk,
} from "../../controller/keys.ts";
import { deviceOption, example, jsonOption, keysOption } from "../options.ts";
import { print, printJson, random } from "../terminal.ts";

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
      "delete a principal's key from the file; the device keeps its own until it is given the file",
    )
    .addOption(principalOption(PRINCIPAL_KIDS))
    .addOption(deviceOption())
    .addOption(keysOption())
    .action((options: KeysOptions & { principal: Kid }) => {
      const { keys: folder, device, principal } = options;
      revokeKey(folder, device, principal);
      for (const line of revoked(folder, device, principal)) print(line);
    });
  example(revoke, "killswitch keys revoke --principal manufacturer");
  registerAccessList(keys);
}

function registerAccessList(keys: Command): void {
  const list = keys
    .command("access-list")
    .description("print an access list for a mosquitto broker; prints no key")
    .addOption(deviceOption())
    .action(({ device }: { device: string }) => {
      for (const line of accessList(device)) print(line);
    });
  example(list, "killswitch keys access-list --device demo > demo.acl");
}

/** What keys revoke did, and what it cannot do. */
function revoked(folder: string, device: string, principal: Kid): string[] {
  return [
    `deleted the key of ${principal} from ${folder}/${device}.json`,
    `a board still has it, and obeys ${principal}, until it is given this file; the whole line for yours:`,
    `  ${launcher()} flash --board CHIP --port PORT --keys ${folder} --device ${device} --broker URL`,
    `a simulated device (${launcher()} sim --device ${device}) has it until it is started again`,
  ];
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
