// What the example's guest imports from the host. The name of this file is that of the module.

export declare function gpio_write(pin: u32, level: u32): void;
export declare function radio_request(on: u32): void;
