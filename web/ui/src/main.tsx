import "uplot/dist/uPlot.min.css";
import "./page.css";
import { render } from "preact";
import { Captures } from "./captures";
import { useNoCommand } from "./data";
import { Exchange } from "./exchange";
import { Overview } from "./overview";
import { RoutesAndPolicy } from "./policy";
import { Shell } from "./shell";
import { Tail } from "./tail";
import { Topology } from "./topology";
import { link, place } from "./url";

function Page() {
  const { path } = place.value;
  const id = /^\/exchange\/(\d+)$/.exec(path)?.[1];
  if (id) return <Exchange key={id} id={id} />;
  if (path === "/topology") return <Topology />;
  if (path === "/routes") return <RoutesAndPolicy />;
  if (path === "/captures") return <Captures />;
  if (path === "/tail") return <Tail />;
  if (path === "/") return <Overview />;
  return <NoPage path={path} />;
}

function NoPage({ path }: { path: string }) {
  useNoCommand(true);
  return (
    <p class="empty">
      There is no page {path}. <a href={link("/")}>Overview</a>
    </p>
  );
}

render(
  <Shell>
    <Page />
  </Shell>,
  document.body,
);
