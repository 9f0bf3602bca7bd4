// The recorder, a module with its own memory. It is the board with which an explored guest is linked: it
// records what the guest does, fires events, and remembers what was checked. The checks are TypeScript.
export { begin, clear, fireOnly, init, readState, run, visit } from "./events";
export {
  gpio_write,
  mac_sign,
  mac_verify,
  mark,
  net_send,
  radio_request,
  storage_write,
} from "./guest-imports";
export { put1, put8, put32 } from "./guest-page";
