// A worker: where the nodes of a graph go, callers left of whom they call, or above them.
import dagre from "@dagrejs/dagre";

export interface Graph {
  down: boolean; // callers above
  nodes: { id: number; width: number; height: number }[];
  edges: { from: number; to: number }[];
}
export interface Point {
  x: number;
  y: number;
}
export interface Placed {
  down: boolean;
  width: number;
  height: number;
  nodes: Record<number, Point>;
  edges: Point[][]; // in the order asked
}

function place(graph: Graph): Placed {
  const g = new dagre.graphlib.Graph({ multigraph: true });
  const [rankdir, ranksep] = graph.down ? ["TB", 56] : ["LR", 90];
  g.setGraph({ rankdir, ranksep, nodesep: graph.down ? 14 : 22, edgesep: 14, marginx: 12, marginy: 12 });
  for (const { id, width, height } of graph.nodes) g.setNode(String(id), { width, height });
  graph.edges.forEach((edge, i) => g.setEdge(String(edge.from), String(edge.to), { width: graph.down ? 24 : 40, height: 14, labelpos: "c" }, String(i)));
  dagre.layout(g);
  const nodes: Record<number, Point> = {};
  for (const { id } of graph.nodes) {
    const { x, y } = g.node(String(id));
    nodes[id] = { x: x!, y: y! };
  }
  const edges = graph.edges.map((edge, i) => g.edge(String(edge.from), String(edge.to), String(i)).points as Point[]);
  const { width, height } = g.graph();
  return { down: graph.down, width: width ?? 0, height: height ?? 0, nodes, edges };
}

onmessage = (event: MessageEvent<Graph>) => postMessage(place(event.data));
