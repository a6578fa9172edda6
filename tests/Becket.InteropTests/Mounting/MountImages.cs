using Amazon.S3.Transfer;
using Becket.InteropTests.Images;
using Becket.InteropTests.Mounting;
using Becket.InteropTests.Processes;
using Becket.InteropTests.Stores;

[assembly: AssemblyFixture(typeof(MountImages))]

namespace Becket.InteropTests.Mounting;

/// <summary>What an image to be mounted holds.</summary>
public enum ImageFormat
{
    Ext4,
    Squashfs,
    Xfs,

    /// <summary>A GPT whose first partition is an ext4, and whose second a squashfs.</summary>
    Partitioned,
}

/// <summary>An image file and the checksums of the files in (each of) its file systems.</summary>
public sealed record MountImage(string Path, string Checksums);

/// <summary>Images that all tests share and nobody changes; each is made when a test first asks for it.</summary>
public sealed class MountImages : IDisposable
{
    private const long Ext4Size = 24 << 20;

    private readonly TemporaryFolder _folder = new();
    private readonly Lazy<FileTree> _files;
    private readonly Dictionary<ImageFormat, Lazy<Task<MountImage>>> _images;

    public MountImages()
    {
        _files = new(() => FileTree.Create(Directory.CreateDirectory(_folder["files"]).FullName, seed: 61));
        _images = Enum.GetValues<ImageFormat>().ToDictionary(
            static format => format, format => new Lazy<Task<MountImage>>(() => MakeAsync(format)));
    }

    public Task<MountImage> GetAsync(ImageFormat format) => _images[format].Value;

    /// <summary>A copy of an image in a store, in a bucket of its own.</summary>
    public async Task<Source> PutAsync(Stores.DevS3 store, ImageFormat format)
    {
        var bucket = $"mount-{Guid.NewGuid():n}";
        // With its holes: a sparse image stays a small one.
        await new Command("cp", "--sparse=always", (await GetAsync(format)).Path, store.PathOf(bucket, "disk.img"))
            .SucceedAsync(CancellationToken.None);
        return store.Endpoint.Object(bucket, "disk.img");
    }

    public async Task<Source> PutAsync(RadosGateway store, ImageFormat format)
    {
        var bucket = $"mount-{Guid.NewGuid():n}";
        using var client = store.Endpoint.CreateClient();
        await client.PutBucketAsync(bucket);
        using var transfer = new TransferUtility(client);
        await transfer.UploadAsync((await GetAsync(format)).Path, bucket, "disk.img");
        return store.Endpoint.Object(bucket, "disk.img");
    }

    public void Dispose() => _folder.Dispose();

    private async Task<MountImage> MakeAsync(ImageFormat format)
    {
        var path = _folder[$"{format}.img"];
        await (format switch
        {
            ImageFormat.Ext4 => DiskImage.MakeExt4Async(path, _files.Value, Ext4Size, CancellationToken.None),
            ImageFormat.Squashfs => DiskImage.MakeSquashfsAsync(path, _files.Value, CancellationToken.None),
            ImageFormat.Xfs => DiskImage.MakeXfsAsync(path, _files.Value, CancellationToken.None),
            _ => DiskImage.MakePartitionedAsync(
                path, (await GetAsync(ImageFormat.Ext4)).Path, (await GetAsync(ImageFormat.Squashfs)).Path, CancellationToken.None),
        });
        return new MountImage(path, _files.Value.Checksums());
    }
}
