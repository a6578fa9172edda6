using System.Globalization;
using System.Text;
using Becket.Blocks;
using Becket.Blocks.Sources;
using Becket.Fuse;
using Becket.InteropTests.Processes;
using Becket.InteropTests.Stores;
using Microsoft.Extensions.Logging.Abstractions;

namespace Becket.InteropTests.Fuse;

/// <summary>
/// Devices of this process as files of this machine. Whoever looks at them is another process: one that waits for itself in the
/// kernel could not even be killed.
/// </summary>
public abstract class FuseTest(RealStores stores) : InteropTest(stores)
{
    private const string HashRanges =
        """
        import hashlib, mmap, os, sys
        path, flags = sys.argv[1], os.O_DIRECT if sys.argv[2] == "direct" else 0
        file = os.open(path, os.O_RDONLY | flags)
        for line in sys.stdin:
            offset, length = map(int, line.split())
            memory = mmap.mmap(-1, max(length, 4096))
            count = os.preadv(file, [memoryview(memory)[:length]], offset)
            print(count, hashlib.md5(memory[:count]).hexdigest())
        """;

    protected static void RequireFuse()
    {
        Tool.RequireRoot();
        Tool.RequireFile("/dev/fuse");
    }

    protected static void RequireLoop()
    {
        RequireFuse();
        Tool.RequireFile("/dev/loop-control");
    }

    /// <summary>A new, empty folder. What is mounted there has to be gone when the test's own folder is deleted.</summary>
    protected string NewMountFolder() => Directory.CreateDirectory(Folder[$"mount-{Guid.NewGuid():N}"]).FullName;

    protected static FuseFileOptions Options(FuseCaching caching = FuseCaching.Kernel) =>
        new() { FileName = "disk.img", Source = "s3://bucket/a, b", Caching = caching, DrainTimeout = TimeSpan.FromSeconds(2) };

    protected static FuseFile Mount(IBlockDevice device, string folder, FuseFileOptions options) =>
        FuseFile.Mount(device, folder, options, NullLogger.Instance);

    /// <summary>Random bytes with stretches of zeroes, and a read-only device of them.</summary>
    protected static async Task<(byte[] Content, IBlockDevice Device)> NewDeviceAsync(int size, int seed)
    {
        var random = new Random(seed);
        var content = new byte[size];
        random.NextBytes(content);
        for (var i = 0; i < 10; i++)
        {
            var start = random.Next(size);
            content.AsSpan(start, Math.Min(random.Next(300_000), size - start)).Clear();
        }
        var device = new MemoryDevice(size);
        await device.WriteAsync(0, content, WriteOptions.None, CancellationToken.None);
        return (content, new ReadOnlyDevice(device));
    }

    /// <summary>Lets another process read ranges of a file and holds what it got against the bytes that are right.</summary>
    protected async Task AssertReadsAsync(string path, byte[] content, string manner, IEnumerable<(long Offset, int Length)> ranges)
    {
        Tool.Require("python3");
        var asked = ranges.ToList();
        var (script, list) = (Folder[$"hash-{Guid.NewGuid():N}.py"], Folder[$"ranges-{Guid.NewGuid():N}"]);
        await File.WriteAllTextAsync(script, HashRanges, Token);
        await File.WriteAllLinesAsync(list, asked.Select(range => $"{range.Offset} {range.Length}"), Token);

        var outcome = await Command.Shell($"python3 '{script}' '{path}' {manner} < '{list}'").SucceedAsync(Token);

        var expected = new StringBuilder();
        foreach (var (offset, length) in asked)
        {
            var start = (int)Math.Min(offset, content.Length);
            var bytes = content.AsSpan(start, Math.Min(length, content.Length - start));
            var hash = Convert.ToHexStringLower(System.Security.Cryptography.MD5.HashData(bytes));
            expected.Append(CultureInfo.InvariantCulture, $"{bytes.Length} {hash}\n");
        }
        Assert.Equal(expected.ToString(), outcome.Output);
    }

    protected static bool IsMounted(string folder) =>
        File.ReadLines("/proc/self/mountinfo").Any(line => line.Split(' ')[4] == folder);

    /// <summary>Takes away the verbs of changes.</summary>
    private sealed class ReadOnlyDevice(IBlockDevice inner) : BlockFilter(inner)
    {
        public override BlockDeviceInfo Info { get; } = inner.Info with
        {
            Features = BlockDeviceFeatures.Extents | BlockDeviceFeatures.MultiConnection,
        };
    }
}
