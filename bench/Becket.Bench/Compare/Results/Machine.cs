using System.Globalization;
using Becket.Bench.Compare.Setting;

namespace Becket.Bench.Compare.Results;

/// <summary>Where and with what the figures were made.</summary>
internal sealed record Machine(
    string Processor, int Cores, double MemoryGib, string Kernel, IReadOnlyDictionary<string, string> Versions, string Date)
{
    private static readonly (string Name, string[] Command)[] Asked =
    [
        ("nbdkit", ["nbdkit", "--version"]),
        ("qemu-nbd", ["qemu-nbd", "--version"]),
        ("nbdcopy", ["nbdcopy", "--version"]),
        ("fio", ["fio", "--version"]),
        ("radosgw", ["radosgw", "--version"]),
    ];

    public static async Task<Machine> AskAsync(string becket, CancellationToken cancellationToken)
    {
        var versions = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, command) in Asked.Append(("becket", [becket, "--version"])))
        {
            var said = (await Tool.RunAsync(command[0], command[1..], cancellationToken)).Split('\n')[0].Trim();
            versions[name] = said.Split([' ', '-']).FirstOrDefault(IsVersion) ?? said;
        }

        return new Machine(
            ValueOf("/proc/cpuinfo", "model name"),
            Environment.ProcessorCount,
            double.Parse(ValueOf("/proc/meminfo", "MemTotal").Split(' ')[0], CultureInfo.InvariantCulture) / (1 << 20),
            (await File.ReadAllTextAsync("/proc/sys/kernel/osrelease", cancellationToken)).Trim(),
            versions,
            TimeProvider.System.GetUtcNow().ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture));
    }

    public override string ToString()
    {
        var versions = string.Join(", ", Versions.Select(pair => $"{pair.Key} {pair.Value}"));
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{Processor}, {Cores} cores, {MemoryGib:0} GiB, Linux {Kernel}; {versions}; {Date}");
    }

    private static bool IsVersion(string word) => word.Any(char.IsAsciiDigit) && word.Contains('.', StringComparison.Ordinal);

    private static string ValueOf(string file, string name) =>
        File.ReadLines(file).First(line => line.StartsWith(name, StringComparison.Ordinal)).Split(':', 2)[1].Trim();
}
