/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * DSDT of a Minibus guest: what is the same for every guest. Processors are in the SSDT that
 * tools/lib_acpi.c writes. Values are those of hv/abi/guest.h; tests/unit/test_acpi_tables.c
 * compares them.
 */
DefinitionBlock ("", "DSDT", 2, "MINIBS", "MBGUEST ", 1)
{
    Name (\_S5, Package () { 5, 5, 0, 0 })      // MB_GUEST_SLP_TYP_S5

    Scope (\_SB)
    {
        // The console: a 16550A.
        Device (COM1)
        {
            Name (_HID, EisaId ("PNP0501"))
            Name (_UID, 1)
            Name (_STA, 0x0F)
            Name (_CRS, ResourceTemplate ()
            {
                IO (Decode16, 0x03F8, 0x03F8, 0x01, 0x08)   // MB_GUEST_UART_PORT, _PORTS
                IRQ (Edge, ActiveHigh, Exclusive) {4}       // MB_GUEST_UART_PIN
            })
        }
    }
}
