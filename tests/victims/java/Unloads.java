/* SPDX-License-Identifier: MIT */
import java.io.File;
import java.lang.ref.WeakReference;
import java.net.URL;
import java.net.URLClassLoader;
import java.util.ArrayList;
import java.util.List;

/** Netty in a class loader of its own, again and again: one buffer is released, one is lost, and the classes go away. */
public class Unloads {
	private static WeakReference<ClassLoader> round(URL[] jars) throws Exception {
		URLClassLoader loader = new URLClassLoader(jars, ClassLoader.getPlatformClassLoader());
		Object allocator = loader.loadClass("io.netty.buffer.UnpooledByteBufAllocator").getField("DEFAULT").get(null);
		var make = loader.loadClass("io.netty.buffer.ByteBufAllocator").getMethod("directBuffer", int.class);
		var release = loader.loadClass("io.netty.util.ReferenceCounted").getMethod("release");

		release.invoke(make.invoke(allocator, 100));
		make.invoke(allocator, 200);
		loader.close();
		return new WeakReference<>(loader);
	}

	public static void main(String[] jars) throws Exception {
		URL[] urls = new URL[jars.length];
		List<WeakReference<ClassLoader>> all = new ArrayList<>();

		for (int i = 0; i < jars.length; i++)
			urls[i] = new File(jars[i]).toURI().toURL();
		for (int i = 0; i < 20; i++) {
			Thread thread = new Thread(() -> { // takes what Netty keeps for a thread with it
				try {
					all.add(round(urls));
				} catch (Exception e) {
					throw new RuntimeException(e);
				}
			});
			thread.start();
			thread.join();
			if (i % 5 == 4)
				System.gc();
		}
		Thread.sleep(100);
		System.gc();
		System.out.println(all.stream().filter(one -> one.get() == null).count() > 10 ? "unloaded" : "kept");
	}
}
