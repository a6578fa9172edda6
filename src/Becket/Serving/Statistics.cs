using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Becket.Blocks.Filters;
using Becket.Sources;

namespace Becket.Serving;

/// <summary>
/// The numbers of a running server for the person who runs it: on standard error when it gets SIGUSR1, and at its end if it
/// was asked to be verbose.
/// </summary>
internal sealed class Statistics : IDisposable
{
    private const PosixSignal UserSignal1 = (PosixSignal)10; // a positive number is the system's own

    private readonly ExportCatalog _catalog;
    private readonly IReadOnlyList<OpenedStore> _stores;
    private readonly bool _isVerbose;
    private readonly PosixSignalRegistration _signal;
    private readonly TextWriter _output = Console.Error;

    /// <param name="catalog">Whose devices; disposed after this.</param>
    /// <param name="stores">The stores that they come from.</param>
    /// <param name="isVerbose">Whether to print at the end, too.</param>
    public Statistics(ExportCatalog catalog, IReadOnlyList<OpenedStore> stores, bool isVerbose)
    {
        (_catalog, _stores, _isVerbose) = (catalog, stores, isVerbose);
        _signal = PosixSignalRegistration.Create(UserSignal1, context =>
        {
            context.Cancel = true;
            _output.Write(ToText());
        });
    }

    public void Dispose()
    {
        _signal.Dispose();
        if (_isVerbose)
            _output.Write(ToText());
    }

    private string ToText()
    {
        var text = new StringBuilder();
        foreach (var (name, export) in _catalog.Exports)
            Describe(text, name, export);
        foreach (var store in _stores)
            Describe(text, store);
        return text.ToString();
    }

    private static void Describe(StringBuilder text, string name, ServedDevice export)
    {
        var reads = export.Device.TotalsOf(DeviceOperation.Read);
        text.Append(CultureInfo.InvariantCulture, $"becket: export \"{name}\", {export.Device.Info.Description}\n");
        Line(text, "reads", $"{reads.Operations:N0}, {ByteCount.Format(reads.Bytes)}, {reads.Errors:N0} failed");
        if (export.Cache is not { } cache)
            return;

        var totals = cache.TotalsOver(reads.Operations);
        var hits = Math.Max(0, reads.Operations - totals.Waits);
        Line(
            text,
            "from memory",
            $"{Percent(hits, reads.Operations)}; half of all reads {Within(totals.ReadMedian)}, 99 % {Within(totals.ReadPercentile99)}");
        if (totals.BytesFromDisk > 0)
            Line(text, "from disk", $"{ByteCount.Format(totals.BytesFromDisk)}");
        if (totals.DamagedBlocks > 0)
            Line(text, "damaged", $"{totals.DamagedBlocks:N0} blocks on disk, fetched again");
        var fetched = ByteCount.Format(totals.BytesFetched);
        var ratio = Ratio(totals.BytesFetched, reads.Bytes);
        Line(
            text,
            "fetched",
            $"{fetched} in {totals.DemandGets:N0} requests on demand and {totals.BackgroundGets:N0} ahead, {ratio} of what was read");
        if (totals.Failed > 0)
            Line(text, "not fetched", $"{totals.Failed:N0} requests failed for good");
    }

    private static void Describe(StringBuilder text, OpenedStore store)
    {
        var totals = store.Metered.Totals;
        text.Append(CultureInfo.InvariantCulture, $"becket: store {store.Metered.Name}\n");
        var (half, most) = (Within(totals.FirstByteMedian), Within(totals.FirstBytePercentile99));
        Line(
            text,
            "requests",
            $"{totals.Gets:N0} GETs, {totals.Heads:N0} HEADs, {totals.Errors:N0} errors; first byte of half {half}, of 99 % {most}");
        if (store.Hedging.Hedges > 0)
            Line(text, "hedges", $"{store.Hedging.Hedges:N0} second GETs beside late ones, {store.Hedging.HedgesWon:N0} answered first");
        Line(text, "request bill", $"about ${totals.RequestBill:0.######} at AWS list prices, without traffic");
    }

    private static void Line(StringBuilder text, string label, FormattableString value) =>
        text.Append("  ").Append(label.PadRight(13)).Append(value.ToString(CultureInfo.InvariantCulture)).Append('\n');

    private static string Percent(long part, long whole) =>
        whole == 0 ? "-" : string.Create(CultureInfo.InvariantCulture, $"{100.0 * part / whole:0.0} %");

    private static string Ratio(long part, long whole) =>
        whole == 0 ? "-" : string.Create(CultureInfo.InvariantCulture, $"{(double)part / whole:0.00}x");

    private static string Within(TimeSpan time) =>
        time == TimeSpan.Zero ? "at once" : string.Create(CultureInfo.InvariantCulture, $"within {time.TotalMilliseconds:0.0} ms");
}
