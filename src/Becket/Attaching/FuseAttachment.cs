using Becket.Daemon;
using Becket.Fuse;
using Becket.Nbd;
using Becket.Sources;
using Microsoft.Extensions.Logging;

namespace Becket.Attaching;

/// <summary>
/// A FUSE file that holds the image and, for root, a loop device over it. Without root the file is all there is, and lies in
/// the folder that the user named.
/// </summary>
internal sealed class FuseAttachment : IAttachedDevice
{
    private readonly FuseFile _file;
    private readonly LoopDevice? _loop;
    private readonly string? _ownFolder;

    private FuseAttachment(FuseFile file, LoopDevice? loop, string? ownFolder) => (_file, _loop, _ownFolder) = (file, loop, ownFolder);

    public AttachmentMethod Method => AttachmentMethod.Fuse;

    public NbdServer? Server => null;

    public string Path => _loop?.Path ?? _file.Path;

    public BlockNode? Node => _loop is null ? null : field ??= new BlockNode(_loop.Path) { IsPrepared = true };

    public Task Ended => _file.Ended;

    public static async Task<FuseAttachment> AttachAsync(
        AttachmentRequest request, ServedDevice served, StateFolder folder, ILoggerFactory loggers)
    {
        var logger = loggers.CreateLogger<FuseFile>();
        var options = new FuseFileOptions { FileName = FileName(request.Source), Source = request.Source.ToString() };
        // Without a loop device over it, the file is what programs read and map.
        if (!Environment.IsPrivilegedProcess)
            return new FuseAttachment(FuseFile.Mount(served.Device, request.MountPoint!, options, logger), loop: null, ownFolder: null);

        Directory.CreateDirectory(folder.ImageFolder);
        var file = FuseFile.Mount(served.Device, folder.ImageFolder, options with { Caching = FuseCaching.None }, logger);
        try
        {
            return new FuseAttachment(file, await LoopAttacher.AttachAsync(file.Path), folder.ImageFolder);
        }
        catch
        {
            await Leftovers.ClearLoopsAsync(folder, CancellationToken.None); // of a process that was killed before it could tell
            await file.DisposeAsync();
            Directory.Delete(folder.ImageFolder);
            throw;
        }
    }

    public async Task DetachAsync()
    {
        _loop?.Detach();
        await _file.DisposeAsync();
        if (_ownFolder is not null && Directory.Exists(_ownFolder))
            Directory.Delete(_ownFolder);
    }

    public async ValueTask DisposeAsync()
    {
        _loop?.Dispose();
        await _file.DisposeAsync();
    }

    /// <summary>The last part of the source's name, so that <c>losetup</c> and <c>ls</c> show something that people know.</summary>
    private static string FileName(DeviceSource source)
    {
        var name = source.ToString().Split('?')[0].TrimEnd('/');
        name = name[(name.LastIndexOf('/') + 1)..];
        return name is "" or "." or ".." ? "image" : name;
    }
}
