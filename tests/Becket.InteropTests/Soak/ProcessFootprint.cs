using System.Globalization;

namespace Becket.InteropTests.Soak;

/// <summary>What a process takes of its machine at one moment.</summary>
internal readonly record struct ProcessFootprint(long ResidentKibibytes, int Descriptors, int Threads)
{
    public static ProcessFootprint Of(int process)
    {
        var status = File.ReadAllLines($"/proc/{process}/status");
        return new ProcessFootprint(
            Number("VmRSS:"), Directory.EnumerateFileSystemEntries($"/proc/{process}/fd").Count(), (int)Number("Threads:"));

        long Number(string name)
        {
            var value = status.First(line => line.StartsWith(name, StringComparison.Ordinal))[name.Length..];
            return long.Parse(value.Replace("kB", "", StringComparison.Ordinal).Trim(), CultureInfo.InvariantCulture);
        }
    }

    /// <summary>The greatest of each.</summary>
    public static ProcessFootprint Peak(IEnumerable<ProcessFootprint> all) => all.Aggregate(static (a, b) => new ProcessFootprint(
        Math.Max(a.ResidentKibibytes, b.ResidentKibibytes), Math.Max(a.Descriptors, b.Descriptors), Math.Max(a.Threads, b.Threads)));

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{ResidentKibibytes / 1024} MiB, {Descriptors} descriptors, {Threads} threads");
}
