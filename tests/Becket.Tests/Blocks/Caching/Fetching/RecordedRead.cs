using System.Globalization;
using Becket.Blocks;

namespace Becket.Tests.Blocks.Caching.Fetching;

/// <summary>
/// One read of a client that is replayed. It is issued once the reads it waited for are answered and some time has passed
/// that the client needed for itself; so a faster cache makes a faster client.
/// </summary>
/// <param name="Range">What it reads.</param>
/// <param name="After">The reads whose answers it waits for, by their place in the trace.</param>
/// <param name="Think">Microseconds between the last of those answers and this read.</param>
internal sealed record RecordedRead(ByteRange Range, IReadOnlyList<int> After, double Think)
{
    private const int Sector = 512;

    /// <summary>Reads a trace; the README beside it describes the lines and says how each is to be replayed.</summary>
    public static IReadOnlyList<RecordedRead> Load(string name) =>
        name == "bootk-debian" ? Load(name, slowness: 15, longestThink: double.PositiveInfinity)
        : name.Contains("-knbd-") ? Load(name, slowness: 30, longestThink: 1000)
        : Load(name, slowness: 1, longestThink: 1000);

    /// <summary>Reads of 4 KiB anywhere in a device, so many at a time, each issued when its predecessor is answered.</summary>
    public static IReadOnlyList<RecordedRead> Random(int count, long size, int depth, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(i => new RecordedRead(
            new ByteRange(random.NextInt64(size / 4096) * 4096, 4096),
            i < depth ? [] : [i - depth],
            Think: 30))];
    }

    /// <summary>Reads one after the other, as the kernel reads ahead: two at a time.</summary>
    public static IReadOnlyList<RecordedRead> Sequential(long from, long bytes, int length) =>
        [.. Enumerable.Range(0, (int)(bytes / length)).Select(i => new RecordedRead(
            new ByteRange(from + ((long)i * length), length),
            i < 2 ? [] : [i - 2],
            Think: 60))];

    /// <summary>A read waits for every read that had been answered when it was issued.</summary>
    /// <param name="name">The file under Traces, without its ending.</param>
    /// <param name="slowness">How many times slower the recorded machine was than the one to replay.</param>
    /// <param name="longestThink">Microseconds after which the client was waiting for something else than its disk.</param>
    private static List<RecordedRead> Load(string name, double slowness, double longestThink)
    {
        var rows = Parse(name);
        var byAnswer = Enumerable.Range(0, rows.Count).OrderBy(i => rows[i].Answered).ToArray();
        var answers = byAnswer.Select(i => rows[i].Answered).ToArray();
        var reads = new List<RecordedRead>(rows.Count);
        for (var i = 0; i < rows.Count; i++)
        {
            var (issued, _, range) = rows[i];
            var answered = FirstAfter(answers, issued);
            var after = new List<int>();
            var think = (double)issued;
            if (answered > 0)
            {
                var last = rows[byAnswer[answered - 1]];
                think = issued - last.Answered;
                // Whatever was answered before the last of them was issued, that one waited for itself.
                for (var q = answered - 1; q >= 0 && answers[q] > last.Issued && after.Count <= 256; q--)
                {
                    if (byAnswer[q] != i && rows[byAnswer[q]].Issued < issued)
                        after.Add(byAnswer[q]);
                }
            }

            reads.Add(new RecordedRead(range, after, Math.Min(think / slowness, longestThink)));
        }

        return reads;
    }

    private static List<(long Issued, long Answered, ByteRange Range)> Parse(string name)
    {
        using var stream = typeof(RecordedRead).Assembly.GetManifestResourceStream($"Traces/{name}.txt")
            ?? throw new FileNotFoundException($"There is no trace '{name}'.");
        using var reader = new StreamReader(stream);
        var rows = new List<(long, long, ByteRange)>();
        var (issued, end) = (0L, 0L);
        while (reader.ReadLine() is { } line)
        {
            var fields = line.Split(' ').Select(field => long.Parse(field, CultureInfo.InvariantCulture)).ToArray();
            issued += fields[0];
            var range = new ByteRange(end + (fields[2] * Sector), fields[3] * Sector);
            end = range.End;
            rows.Add((issued, issued + fields[1], range));
        }

        return rows;
    }

    private static int FirstAfter(long[] sorted, long value)
    {
        var (low, high) = (0, sorted.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (sorted[middle] <= value)
                low = middle + 1;
            else
                high = middle;
        }

        return low;
    }
}
