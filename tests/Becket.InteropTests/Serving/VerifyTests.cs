using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Amazon.S3.Model;
using Amazon.S3.Transfer;
using Becket.InteropTests.Processes;
using Becket.InteropTests.Stores;
using DevelopmentStore = Becket.InteropTests.Stores.DevS3;

namespace Becket.InteropTests.Serving;

/// <summary>Objects that the AWS SDK uploaded, whole and with one wrong bit, as <c>becket verify</c> judges them.</summary>
public sealed class VerifyTests(RealStores stores) : InteropTest(stores)
{
    private const string Bucket = "verified";
    private const int Size = (12 << 20) + 4567;

    /// <summary>An object of several ranges, from a store that answers each of them late enough for progress to be told.</summary>
    private const int SlowSize = SlowRanges * (4 << 20);
    private const int SlowRanges = 7;
    private const string Latency = "400ms";

    public static TheoryData<string> Algorithms => ["none", "SHA-1", "SHA-256"];

    [Theory]
    [MemberData(nameof(Algorithms))]
    public async Task One_wrong_bit_in_the_store_is_found(string algorithm)
    {
        var store = await Stores.GetDevS3Async();
        var path = store.PathOf(Bucket, "whole-" + algorithm);
        using (var client = store.Endpoint.CreateClient())
        {
            var put = new PutObjectRequest { BucketName = Bucket, Key = Path.GetFileName(path), FilePath = NewDisk(Size) };
            if (algorithm == "SHA-1")
#pragma warning disable CA5350 // it is what the store offers
                put.ChecksumSHA1 = Convert.ToBase64String(SHA1.HashData(await File.ReadAllBytesAsync(put.FilePath, Token)));
#pragma warning restore CA5350
            else if (algorithm == "SHA-256")
                put.ChecksumSHA256 = Convert.ToBase64String(SHA256.HashData(await File.ReadAllBytesAsync(put.FilePath, Token)));
            await client.PutObjectAsync(put, Token);
        }
        var source = store.Endpoint.Object(Bucket, Path.GetFileName(path));

        var whole = await VerifyAsync(source, 0);
        FlipBit(path, Size - 3);
        var damaged = await VerifyAsync(source, 1);

        Assert.Equal(algorithm == "none" ? ["MD5"] : [algorithm, "MD5"], Outcomes(whole).Select(outcome => outcome.Algorithm!));
        Assert.All(Outcomes(whole), outcome => Assert.Equal("match", outcome.Outcome));
        Assert.All(Outcomes(damaged), outcome => Assert.Equal("mismatch", outcome.Outcome));
        Assert.Equal("damaged", damaged.GetProperty("result").GetString());
    }

    /// <summary>Zeroes, whose checksums are known (for the last two from the standards of iSCSI and NVMe).</summary>
    [Theory]
    [InlineData("CRC-32", 32, "190a55ad")]
    [InlineData("CRC-32C", 32, "8a9136aa")]
    [InlineData("CRC-64/NVME", 4096, "6482d367eb22b64e")]
    public async Task Checksum_of_the_standard_is_met_and_one_wrong_bit_is_found(string algorithm, int size, string checksum)
    {
        var store = await Stores.GetDevS3Async();
        var path = store.PathOf(Bucket, $"zeroes-{checksum}");
        using (var client = store.Endpoint.CreateClient())
        {
            var put = new PutObjectRequest
            {
                BucketName = Bucket,
                Key = Path.GetFileName(path),
                InputStream = new MemoryStream(new byte[size]),
            };
            var text = Convert.ToBase64String(Convert.FromHexString(checksum));
            if (algorithm == "CRC-32")
                put.ChecksumCRC32 = text;
            else if (algorithm == "CRC-32C")
                put.ChecksumCRC32C = text;
            else
                put.ChecksumCRC64NVME = text;
            await client.PutObjectAsync(put, Token);
        }
        var source = store.Endpoint.Object(Bucket, Path.GetFileName(path));

        Assert.Equal([(algorithm, "match"), ("MD5", "match")], Outcomes(await VerifyAsync(source, 0)));
        FlipBit(path, size - 1);
        Assert.Equal([(algorithm, "mismatch"), ("MD5", "mismatch")], Outcomes(await VerifyAsync(source, 1)));
    }

    [Fact]
    public async Task One_wrong_bit_in_an_object_of_parts_is_found()
    {
        var store = await Stores.GetDevS3Async();
        await UploadInPartsAsync(store.Endpoint, "parts", 5 << 20);
        var source = store.Endpoint.Object(Bucket, "parts");

        var whole = await VerifyAsync(source, 0);
        FlipBit(store.PathOf(Bucket, "parts"), 5 << 20);
        await VerifyAsync(source, 1);

        Assert.Equal(("MD5", "match"), Assert.Single(Outcomes(whole)));
        Assert.Equal(3, whole.GetProperty("checksums")[0].GetProperty("parts").GetInt32());
    }

    [Fact]
    public async Task Objects_in_Ceph_are_verified_by_their_ETags()
    {
        var endpoint = (await Stores.GetRadosGatewayAsync()).Endpoint;
        await UploadInPartsAsync(endpoint, "parts", 5 << 20);
        using var client = endpoint.CreateClient();
        await client.PutObjectAsync(new PutObjectRequest { BucketName = Bucket, Key = "whole", FilePath = NewDisk(Size) }, Token);

        Assert.Equal(("MD5", "match"), Assert.Single(Outcomes(await VerifyAsync(endpoint.Object(Bucket, "whole"), 0))));
        Assert.Equal(("MD5", "match"), Assert.Single(Outcomes(await VerifyAsync(endpoint.Object(Bucket, "parts"), 0))));
        // A wrong guess proves nothing; a wrong size that the user vouches for does.
        var guess = endpoint.Object(Bucket, "parts").With("--part-size", "6M");
        Assert.Equal(("MD5", "mismatch"), Assert.Single(Outcomes(await VerifyAsync(guess, 1))));
    }

    [Fact]
    public async Task A_pinned_sha256_is_compared_whatever_the_source()
    {
        var path = NewDisk(Size);
        var right = Convert.ToHexStringLower(SHA256.HashData(await File.ReadAllBytesAsync(path, Token)));
        await using var web = await HttpImageServer.StartAsync(await File.ReadAllBytesAsync(path, Token), HttpManners.Ordinary, Token);
        foreach (var source in (Source[])[Source.File(path), Source.File(web.Url.OriginalString)])
        {
            Assert.Equal("verified", (await VerifyAsync(source.With("--sha256", right), 0)).GetProperty("result").GetString());
            Assert.Equal("damaged", (await VerifyAsync(source.With("--sha256", new string('0', 64)), 1)).GetProperty("result").GetString());

            var alone = await VerifyAsync(source, 3);
            Assert.Equal(("unverifiable", right), (alone.GetProperty("result").GetString(), alone.GetProperty("sha256").GetString()));
        }
    }

    [Fact]
    public async Task A_wrong_bit_in_the_cache_is_found_and_repaired()
    {
        Tool.Require("nbdcopy");
        await using var store = await DevelopmentStore.StartAsync(Token);
        store.PathOf(Bucket, "disk");
        using (var client = store.Endpoint.CreateClient())
            await client.PutObjectAsync(new PutObjectRequest { BucketName = Bucket, Key = "disk", FilePath = NewDisk(Size) }, Token);
        var source = store.Endpoint.Object(Bucket, "disk").With("--cache-dir", Folder["cache"]);
        await BecketServer.CommandFor(source, "--run", $"nbdcopy \"$uri\" {Folder["copy"]}").SucceedAsync(Token);
        Assert.Equal(0, Cache(await VerifyAsync(source, 0)).Damaged);

        // Random data, not a hole: the image begins with it.
        FlipBit(Directory.GetFiles(Folder["cache"], "data", SearchOption.AllDirectories).Single(), 5);

        Assert.Equal((1, 0), Cache(await VerifyAsync(source, 1)));
        Assert.Equal((1, 1), Cache(await VerifyAsync(source.With("--repair"), 0)));
        Assert.Equal((0, 0), Cache(await VerifyAsync(source, 0)));

        static (int Damaged, int Dropped) Cache(JsonElement report) =>
            (report.GetProperty("cache").GetProperty("damaged").GetInt32(), report.GetProperty("cache").GetProperty("dropped").GetInt32());
    }

    /// <summary>Whoever looks at a terminal sees one line that is written over; what is said at the end begins on a clean one.</summary>
    [Fact]
    public async Task Progress_on_a_terminal_is_one_line_that_goes_away()
    {
        await using var store = await DevelopmentStore.StartAsync(Token, "--faults", $"latency={Latency}@GET");
        var source = await PutSlowDiskAsync(store);
        await using var verify = StartOnTerminal(source);

        var outcome = await verify.WaitForExitAsync(Token);

        Assert.Equal(0, outcome.ExitCode);
        var drawn = outcome.Output.Split("\r\u001b[K");
        Assert.InRange(drawn.Length, 4, SlowRanges + 2);
        Assert.Equal("", drawn[0]);
        Assert.All(drawn[1..^1], line => Assert.Matches(@"^\d+\.\d % of 28\.0 MiB, \d+\.\d .iB/s, \d\d:\d\d:\d\d left$", line));
        var percents = drawn[1..^1].Select(static line => double.Parse(line.Split(' ')[0], CultureInfo.InvariantCulture)).ToList();
        Assert.Equal(percents.Order(), percents);
        Assert.Matches($@"^source: +{source.Arguments[0]}\r\n", drawn[^1]);
        Assert.Matches(@"\r\nresult: +verified\r\n$", drawn[^1]);
    }

    /// <summary>It is not damaged, it is another object; and its old bytes in the cache may be the last ones that there are.</summary>
    [Theory]
    [InlineData("replaced", "was replaced or deleted since it was opened")]
    [InlineData("deleted", "does not exist")]
    public async Task An_object_that_goes_while_it_is_verified_is_no_damage_and_costs_no_cached_block(string how, string sentence)
    {
        Tool.Require("nbdcopy");
        await using var store = await DevelopmentStore.StartAsync(Token, "--faults", $"latency={Latency}@GET");
        var source = (await PutSlowDiskAsync(store)).With("--cache-dir", Folder["cache"]);
        await BecketServer.CommandFor(source, "--run", "nbdcopy \"$uri\" null:").SucceedAsync(Token);
        FlipBit(Directory.GetFiles(Folder["cache"], "data", SearchOption.AllDirectories).Single(), 5);

        await using var verify = StartOnTerminal(source.With("--repair"));
        await verify.Output.WaitForWordsAsync(" % of ", Token);
        using (var client = store.Endpoint.CreateClient())
        {
            if (how == "replaced")
            {
                var other = new PutObjectRequest { BucketName = Bucket, Key = "slow", InputStream = new MemoryStream(new byte[SlowSize]) };
                await client.PutObjectAsync(other, Token);
            }
            else
            {
                await client.DeleteObjectAsync(Bucket, "slow", Token);
            }
        }
        var outcome = await verify.WaitForExitAsync(Token);

        Assert.Equal(1, outcome.ExitCode);
        var said = outcome.Output.Split("\r\u001b[K")[^1];
        Assert.Matches($@"^becket: [^\n]*{source.Arguments[0]} {sentence}[^\n]*\n$", said);
        Assert.DoesNotContain("damaged", outcome.Output, StringComparison.Ordinal);

        // All that was cached of it still is, the bad block too.
        await PutSlowDiskAsync(store);
        var cache = (await VerifyAsync(source, 1)).GetProperty("cache");
        Assert.Equal((SlowSize / 4096, 1), (cache.GetProperty("blocks").GetInt32(), cache.GetProperty("damaged").GetInt32()));
    }

    [Fact]
    public async Task Wrong_words_are_exit_status_2()
    {
        foreach (var words in (string[][])[["--sha256", "abc", "x"], ["--repair", "x"], ["--part-size", "0", "x"], ["x", "y"]])
            await new Command(Repository.Becket, ["verify", .. words]).EndWithAsync(2, Token);
    }

    private async Task<Source> PutSlowDiskAsync(DevelopmentStore store)
    {
        store.PathOf(Bucket, "slow");
        using var client = store.Endpoint.CreateClient();
        await client.PutObjectAsync(new PutObjectRequest { BucketName = Bucket, Key = "slow", FilePath = NewDisk(SlowSize) }, Token);
        return store.Endpoint.Object(Bucket, "slow");
    }

    /// <summary>One range after the other, on a terminal that script(1) makes.</summary>
    private static RunningProcess StartOnTerminal(Source source)
    {
        Tool.Require("script");
        var line = string.Join(' ', (string[])[Repository.Becket, "verify", "--connections", "1", .. source.Arguments]);
        return new Command("script", "--quiet", "--return", "--command", line, "/dev/null")
        {
            // The runtime greets any other terminal before the program does.
            Environment = [.. source.OnlyEnvironment, ("TERM", "dumb")],
        }.Start();
    }

    private async Task<JsonElement> VerifyAsync(Source source, int exitCode)
    {
        var verify = new Command(Repository.Becket, ["verify", "--json", .. source.Arguments]) { Environment = source.OnlyEnvironment };
        var outcome = await verify.EndWithAsync(exitCode, Token);
        return JsonElement.Parse(outcome.Output);
    }

    private static IEnumerable<(string? Algorithm, string? Outcome)> Outcomes(JsonElement report) =>
        report.GetProperty("checksums").EnumerateArray()
            .Select(checksum => (checksum.GetProperty("algorithm").GetString(), checksum.GetProperty("outcome").GetString()));

    private async Task UploadInPartsAsync(S3Endpoint endpoint, string key, long partSize)
    {
        using var client = endpoint.CreateClient();
        // The SDK has null for a list without buckets.
        if ((await client.ListBucketsAsync(Token)).Buckets?.Exists(static bucket => bucket.BucketName == Bucket) != true)
            await client.PutBucketAsync(Bucket, Token);
        using var transfer = new TransferUtility(client, new TransferUtilityConfig { MinSizeBeforePartUpload = partSize });
        var upload = new TransferUtilityUploadRequest { BucketName = Bucket, Key = key, FilePath = NewDisk(Size), PartSize = partSize };
        await transfer.UploadAsync(upload, Token);
    }

    /// <summary>As a disk does it: the file's time, by which the store would notice, stays.</summary>
    private static void FlipBit(string path, long offset)
    {
        var time = File.GetLastWriteTimeUtc(path);
        using (var file = File.Open(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
        {
            file.Position = offset;
            var value = file.ReadByte();
            file.Position = offset;
            file.WriteByte((byte)(value ^ 0x10));
        }
        File.SetLastWriteTimeUtc(path, time);
    }
}
