/**
 * `killswitch keys`: the key store by hand. Must not know how keys are used.
 */
import { type Command, Option } from "commander";
import { PRINCIPAL_KIDS } from "../abi.gen.ts";
import type { Kid } from "../controller/cose.ts";
import { initKeys, keyOf, listDevices, loadKeys, revokeKey, toJwk } from "../controller/keys.ts";
import { COMMANDERS, deviceOption, example, jsonOption, keysOption } from "./options.ts";
import { print, printJson, random } from "./terminal.ts";

interface KeysOptions {
  readonly keys: string;
  readonly device: string;
}

export function register(program: Command): void {
  const keys = program.command("keys").description("make, list, export and revoke keys");
  example(keys, "killswitch keys init --device demo");

  const init = keys
    .command("init")
    .description("make the keys of a device; never overwrites any")
    .addOption(deviceOption())
    .addOption(keysOption())
    .action((options: KeysOptions) => {
      initKeys(options.keys, options.device, random);
      print(`keys of device ${options.device} made in ${options.keys}`);
    });
  example(init, "killswitch keys init --device demo");

  const list = keys
    .command("list")
    .description("show which devices have which keys, but no key")
    .addOption(keysOption())
    .addOption(jsonOption())
    .action(listKeys);
  example(list, "killswitch keys list --json");

  const exported = keys
    .command("export")
    .description("print one key as a JSON Web Key: it is secret")
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
    .description("delete a principal's key: the device answers nobody under that name")
    .addOption(principalOption(COMMANDERS))
    .addOption(deviceOption())
    .addOption(keysOption())
    .action((options: KeysOptions & { principal: Kid }) => {
      revokeKey(options.keys, options.device, options.principal);
      print(`key of ${options.principal} revoked for device ${options.device}`);
    });
  example(revoke, "killswitch keys revoke --principal manufacturer");
}

function principalOption(choices: readonly string[]): Option {
  return new Option("--principal <principal>", "whose key").choices(choices).makeOptionMandatory();
}

function listKeys(options: { keys: string; json: boolean }): void {
  for (const device of listDevices(options.keys)) {
    const principals = [...loadKeys(options.keys, device).keys()];
    if (options.json) printJson({ device, keys: principals });
    else print(`${device}: ${principals.join(" ")}`);
  }
}
