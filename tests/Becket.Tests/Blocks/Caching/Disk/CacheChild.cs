using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using Becket.Blocks.Caching;
using Becket.Blocks.Caching.Disk;
using Microsoft.Extensions.Logging.Abstractions;

namespace Becket.Tests.Blocks.Caching.Disk;

/// <summary>
/// Another process over the same cache folder: this test program once more, which writes, reads, checks and evicts at random until it
/// is killed, and prints a line every few steps.
/// </summary>
internal static class CacheChild
{
    private const string Variable = "BECKET_TEST_CACHE_CHILD";
    private const int Number = 51;
    private const int WrongBytes = 3;

    public static KnownObject Known { get; } = new(Number, (60 * CacheGeometry.Piece) - 1234);

    public static Process Start(string folder, long limit, int seed)
    {
        var program = Environment.ProcessPath!;
        var start = new ProcessStartInfo(program) { UseShellExecute = false, RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(program) == "dotnet")
            start.ArgumentList.Add(typeof(CacheChild).Assembly.Location);
        start.Environment[Variable] = string.Create(CultureInfo.InvariantCulture, $"{limit} {seed} {folder}");
        return Process.Start(start)!;
    }

    /// <summary>Before the test runner's own entry point: a child is no test run.</summary>
    [ModuleInitializer]
    internal static void RunIfChild()
    {
        if (Environment.GetEnvironmentVariable(Variable)?.Split(' ', 3) is not [var limit, var seed, var folder])
            return;
        Run(folder, long.Parse(limit, CultureInfo.InvariantCulture), int.Parse(seed, CultureInfo.InvariantCulture));
    }

    private static void Run(string folder, long limit, int seed)
    {
        var known = new KnownObject(Number, (60 * CacheGeometry.Piece) - 1234); // statics wait for this initializer
        var random = new Random(seed);
        using var cache = DiskCache.Open(folder, limit, NullLogger.Instance);
        using var opened = known.Open(cache);
        try
        {
            for (var step = 0; ; step++)
            {
                known.Write(opened, random.NextInt64(known.PieceCount), (uint)random.NextInt64(1L << 32));
                known.ReadAndCheck(opened, random.NextInt64(known.PieceCount));
                if (step % 5 == 0)
                    Console.Out.WriteLine(opened.DamagedBlocks);
                if (step % 20 == 0)
                    cache.Look();
            }
        }
        catch (Exception e)
        {
            Console.Out.WriteLine(e);
            Environment.Exit(WrongBytes);
        }
    }
}
