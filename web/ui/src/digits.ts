// Numbers of more than 15 digits, such as moments in nanoseconds, through a JSON that JavaScript reads and writes.

const token = /"(?:[^"\\]|\\.)*"|-?\d{16,}/g;

/** As JSON.parse(); long whole numbers are texts with a mark before them, which `written` makes numbers again. */
export const kept = (json: string) => JSON.parse(json.replace(token, (found) => (found.startsWith('"') ? found : `"\\u0000${found}"`)));

/** JSON of a value that `kept` gave, or of what was made of it. */
export const written = (value: unknown) => JSON.stringify(value, null, 1).replace(/"\\u0000(-?\d{16,})"/g, "$1");
