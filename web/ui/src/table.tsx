// A table whose titles sort it: the order is in the address, and the API sorts.
import type { ComponentChildren } from "preact";
import type { Row } from "./data";
import { link, place } from "./url";

export interface Column {
  title: string;
  help?: string;
  /** The key that the title sorts by; without it, it does not. */
  sort?: string;
  /** Figures stand right, and what is worst comes first when they are sorted. */
  number?: boolean;
  /** Left out where there is little room; where there is not much. */
  wide?: boolean;
  roomy?: boolean;
  tone?: (row: Row) => string;
  cell: (row: Row) => ComponentChildren;
}

/** Upwards, downwards, as it was. */
function next(key: string, number: boolean | undefined): string | null {
  const [first, second] = number ? [`-${key}`, key] : [key, `-${key}`];
  const now = place.value.params.get("sort");
  return now === first ? second : now === second ? null : first;
}

const classes = ({ number, wide, roomy }: Column) => `${number ? "number" : ""} ${wide ? "wide" : ""} ${roomy ? "roomy" : ""}`;

function Title({ column }: { column: Column }) {
  const now = place.value.params.get("sort") ?? "";
  const by = column.sort !== undefined && now.replace("-", "") === column.sort;
  const down = now.startsWith("-");
  return (
    <th
      class={classes(column)}
      title={column.help}
      aria-sort={by ? (down ? "descending" : "ascending") : undefined}
    >
      {column.sort ? (
        <a href={link(null, { sort: next(column.sort, column.number) })}>
          {column.title}
          {by && (down ? " ▾" : " ▴")}
        </a>
      ) : (
        column.title
      )}
    </th>
  );
}

export function Cells({ columns, row }: { columns: Column[]; row: Row }) {
  return (
    <>
      {columns.map((column) => (
        <td class={`${classes(column)} ${column.tone?.(row) ?? ""}`}>{column.cell(row)}</td>
      ))}
    </>
  );
}

export function Table({ columns, label, children }: { columns: Column[]; label: string; children: ComponentChildren }) {
  return (
    <div class="scroll">
      <table aria-label={label}>
        <thead>
          <tr>
            {columns.map((column) => (
              <Title column={column} />
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}
