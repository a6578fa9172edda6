using System.Globalization;
using System.Text;
using Becket.Bench.Compare.Races;
using Becket.Bench.Compare.Setting;

namespace Becket.Bench.Compare.Results;

/// <summary>
/// The result as a picture: for each row and peer a bar from 1 to how many times as fast Becket is, on a logarithmic
/// scale. To the right Becket is faster, to the left the peer is. Follows the reader's light or dark theme.
/// </summary>
internal static class Chart
{
    private const int Left = 300;
    private const int Scale = 460;
    private const int Right = 120;
    private const int Width = Left + Scale + Right;
    private const int BarHeight = 11;
    private const int GroupGap = 9;
    private const int Top = 70;
    private const int LegendWidth = 90;

    private static readonly string[] Colours = ["a", "b", "c", "d", "e", "f"];

    public static string Write(IReadOnlyList<Cell> cells, IReadOnlyList<Peer> everybody, Machine machine)
    {
        var bars = Bars(cells, everybody);
        if (bars.Count == 0)
            return Document(200, "<text x=\"10\" y=\"30\">nothing to compare</text>");

        var low = Math.Min(0.5, bars.Min(bar => bar.Ratio));
        var high = Math.Max(2, bars.Max(bar => bar.Ratio));
        double X(double ratio) => Left + (Scale * Math.Log(ratio / low) / Math.Log(high / low));

        var body = new StringBuilder();
        var y = (double)Top;
        var peers = bars.Select(bar => bar.Peer).Distinct().ToList();
        foreach (var group in bars.GroupBy(bar => bar.Group))
        {
            var middle = y + (group.Count() * BarHeight / 2.0) + 4;
            Append(body, $"<text x=\"{Left - 10}\" y=\"{middle:0.0}\" text-anchor=\"end\">{Escape(group.Key)}</text>");
            foreach (var bar in group)
            {
                var (from, to) = (Math.Min(X(1), X(bar.Ratio)), Math.Max(X(1), X(bar.Ratio)));
                var colour = Colours[peers.IndexOf(bar.Peer) % Colours.Length];
                AppendBar(body, colour, from, y, Math.Max(1, to - from), BarHeight - 2);
                AppendSmall(body, to + 4, y + BarHeight - 3, "start", bar.Label);
                y += BarHeight;
            }
            y += GroupGap;
        }

        var frame = new StringBuilder();
        for (var tick = Math.Pow(10, Math.Ceiling(Math.Log10(low))); tick <= high; tick *= 10)
        {
            var name = Math.Abs(tick - 1) < 0.01 ? "one" : "tick";
            Append(frame, $"<line class=\"{name}\" x1=\"{X(tick):0.0}\" x2=\"{X(tick):0.0}\" y1=\"{Top - 6}\" y2=\"{y:0.0}\"/>");
            AppendSmall(frame, X(tick), Top - 10, "middle", tick.ToString("0.###x", CultureInfo.InvariantCulture));
        }

        var legend = new StringBuilder();
        for (var index = 0; index < peers.Count; index++)
        {
            AppendBar(legend, Colours[index % Colours.Length], Left + (index * LegendWidth), 30, 9, 9);
            AppendSmall(legend, Left + 13 + (index * LegendWidth), 38, "start", Escape(peers[index]));
        }

        AppendSmall(body, 10, y + 18, "start", Escape(machine.ToString()));
        const string Title = "<text x=\"10\" y=\"20\" class=\"title\">How many times as fast is Becket? (logarithmic; medians)</text>\n";
        return Document((int)y + 34, $"{Title}{legend}{frame}{body}");
    }

    private static List<Bar> Bars(IReadOnlyList<Cell> cells, IReadOnlyList<Peer> everybody)
    {
        var bars = new List<Bar>();
        var latencies = cells.Select(cell => cell.LatencyMs).Distinct();
        foreach (var latency in latencies.OrderBy(latency => latency < 0 ? int.MaxValue : latency))
        {
            foreach (var (row, title) in Programme.Rows.Where(row => row.Row != PlainGetsRun.Row))
            {
                var group = cells.Where(cell => cell.Row == row && cell.LatencyMs == latency).ToList();
                group.RemoveAll(cell => cell.Outcome == Outcome.Failed);
                if (group.Find(cell => cell.Peer == Peers.Becket) is not { } becket)
                    continue;

                var place = latency < 0 ? title : $"{title}, {latency} ms";
                foreach (var peer in everybody.Where(peer => peer.Id != Peers.Becket))
                {
                    if (group.Find(cell => cell.Peer == peer.Id) is { } other)
                        bars.Add(new Bar(place, peer.Title, becket.SpeedupOver(other), Label(becket, other)));
                }
            }
        }
        return bars;
    }

    private static string Label(Cell becket, Cell other)
    {
        var ratio = becket.SpeedupOver(other);
        var bound = other is { Outcome: Outcome.Bounded, Unit: Unit.Seconds } ? "&gt; " : "";
        return bound + ratio.ToString(ratio < 10 ? "0.00" : "0", CultureInfo.InvariantCulture) + "x";
    }

    private static string Document(int height, string content) => string.Create(CultureInfo.InvariantCulture, $$"""
        <svg xmlns="http://www.w3.org/2000/svg" width="{{Width}}" height="{{height}}" viewBox="0 0 {{Width}} {{height}}">
        <style>
        svg { background: #fff; font: 12px sans-serif } text { fill: #222 } .small { font-size: 9px } 
        .title { font-size: 14px; font-weight: bold }
        .tick { stroke: #ddd } .one { stroke: #222 }
        .a { fill: #c2410c } .b { fill: #1d4ed8 } .c { fill: #0f766e }
        .d { fill: #7e22ce } .e { fill: #a16207 } .f { fill: #475569 }
        @media (prefers-color-scheme: dark) {
        svg { background: #111 } text { fill: #ddd } .tick { stroke: #333 } .one { stroke: #ddd }
        .a { fill: #fb923c } .b { fill: #60a5fa } .c { fill: #2dd4bf }
        .d { fill: #c084fc } .e { fill: #facc15 } .f { fill: #94a3b8 }
        }
        </style>
        {{content}}
        </svg>

        """);

    private static void AppendBar(StringBuilder text, string colour, double x, double y, double width, double height) =>
        Append(text, $"<rect class=\"{colour}\" x=\"{x:0.0}\" y=\"{y:0.0}\" width=\"{width:0.0}\" height=\"{height}\"/>");

    private static void AppendSmall(StringBuilder text, double x, double y, string anchor, string words) =>
        Append(text, $"<text class=\"small\" x=\"{x:0.0}\" y=\"{y:0.0}\" text-anchor=\"{anchor}\">{words}</text>");

    private static void Append(StringBuilder text, FormattableString line) => text.AppendLine(line.ToString(CultureInfo.InvariantCulture));

    private static string Escape(string text) => System.Net.WebUtility.HtmlEncode(text);

    private sealed record Bar(string Group, string Peer, double Ratio, string Label);
}
