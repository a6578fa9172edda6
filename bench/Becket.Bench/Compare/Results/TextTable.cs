using System.Globalization;
using System.Text;
using Becket.Bench.Compare.Races;
using Becket.Bench.Compare.Setting;

namespace Becket.Bench.Compare.Results;

/// <summary>The result for people: one block for each latency and one for what needs no store.</summary>
internal static class TextTable
{
    private const int TitleWidth = 34;
    private const int Width = 15;
    private const int RatioWidth = 10;
    private const int StoreWidth = 30;

    public static string Write(IReadOnlyList<Cell> cells, IReadOnlyList<Peer> everybody)
    {
        var text = new StringBuilder();
        foreach (var block in cells.GroupBy(cell => cell.LatencyMs).OrderBy(block => block.Key < 0 ? int.MaxValue : block.Key))
        {
            string[] local = ["second-mount"];
            WriteBlock(text, Title(block.Key), [.. block.Where(cell => !local.Contains(cell.Row))], everybody);
            WriteBlock(text, Title(block.Key), [.. block.Where(cell => local.Contains(cell.Row))], everybody);
        }
        return text.ToString();
    }

    private static string Title(int latencyMs) => latencyMs < 0 ? "warm, no store" : $"latency {latencyMs} ms";

    private static void WriteBlock(StringBuilder text, string title, IReadOnlyList<Cell> cells, IReadOnlyList<Peer> everybody)
    {
        var peers = everybody.Where(peer => cells.Any(cell => cell.Peer == peer.Id)).ToList();
        if (peers.Count == 0)
            return;

        text.Append(title.PadRight(TitleWidth));
        foreach (var peer in peers)
            text.Append(peer.Title.PadLeft(Width));
        text.Append("vs best".PadLeft(RatioWidth)).Append("vs S3".PadLeft(RatioWidth));
        text.Append("   at the store, becket".PadRight(StoreWidth)).AppendLine("   becket CPU");
        foreach (var (row, name) in Programme.Rows)
        {
            if (row != PlainGetsRun.Row && cells.Any(cell => cell.Row == row))
                WriteRow(text, name, [.. cells.Where(cell => cell.Row == row)], peers, cells.FirstOrDefault(IsYardstick));
        }
        text.AppendLine();
    }

    private static bool IsYardstick(Cell cell) => cell.Row == PlainGetsRun.Row;

    private static void WriteRow(StringBuilder text, string name, IReadOnlyList<Cell> cells, IReadOnlyList<Peer> peers, Cell? yardstick)
    {
        text.Append($"{name}, {Symbol(cells[0].Unit)}".PadRight(TitleWidth));
        foreach (var peer in peers)
            text.Append(Figure(cells.FirstOrDefault(cell => cell.Peer == peer.Id)).PadLeft(Width));

        var becket = cells.FirstOrDefault(cell => cell.Peer == Peers.Becket && cell.Outcome != Outcome.Failed);
        if (becket is not null)
        {
            var others = cells.Where(cell => cell.Peer != Peers.Becket && cell.Outcome != Outcome.Failed).ToList();
            var store = string.Create(CultureInfo.InvariantCulture, $"   {becket.Requests:0} requests, {becket.Bytes / 1e6:0.0} MB");
            text.Append(Ratio(becket, others.MinBy(becket.SpeedupOver)).PadLeft(RatioWidth));
            text.Append(Ratio(becket, others.Find(cell => cell.Peer == Peers.S3)).PadLeft(RatioWidth));
            text.Append(store.PadRight(StoreWidth)).Append(CultureInfo.InvariantCulture, $"   {becket.ServerCpuSeconds:0.00} s");
        }
        text.AppendLine();

        if (cells.Any(cell => cell.OfPlainGets > 0) && yardstick is not null)
            WriteDerived(text, $"  : plain GETs ({Number(yardstick.Value)} MB/s)", peers, cells, cell => cell.OfPlainGets, "0.00");
        if (cells.Any(cell => cell.CpuPerMillion > 0))
            WriteDerived(text, "  server CPU s per million requests", peers, cells, cell => cell.CpuPerMillion, "0.0");
    }

    private static void WriteDerived(
        StringBuilder text, string name, IReadOnlyList<Peer> peers, IReadOnlyList<Cell> cells, Func<Cell, double> figure, string format)
    {
        text.Append(name.PadRight(TitleWidth));
        foreach (var peer in peers)
        {
            var cell = cells.FirstOrDefault(cell => cell.Peer == peer.Id);
            text.Append((cell is null ? "-" : figure(cell).ToString(format, CultureInfo.InvariantCulture)).PadLeft(Width));
        }
        text.AppendLine();
    }

    private static string Figure(Cell? cell) => cell switch
    {
        null => "-",
        { Outcome: Outcome.Failed } => "failed",
        { Outcome: Outcome.Bounded, Unit: Unit.Seconds } => $"> {Number(cell.Value)}",
        { Outcome: Outcome.Bounded } => $"{Number(cell.Value)}*",
        _ => Number(cell.Value),
    };

    private static string Ratio(Cell becket, Cell? other)
    {
        if (other is null || (becket.Outcome == Outcome.Bounded && becket.Unit == Unit.Seconds))
            return "-";

        var bound = other.Outcome == Outcome.Bounded && other.Unit == Unit.Seconds ? "> " : "";
        return $"{bound}{Number(becket.SpeedupOver(other))}x";
    }

    private static string Number(double value) => value.ToString(value switch
    {
        < 10 => "0.00",
        < 100 => "0.0",
        _ => "0",
    }, CultureInfo.InvariantCulture);

    private static string Symbol(Unit unit) => unit switch
    {
        Unit.MegabytesPerSecond => "MB/s",
        Unit.Iops => "IOPS",
        _ => "s",
    };
}
